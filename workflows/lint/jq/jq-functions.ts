/**
 * Every function of jackson-jq 0.0.13, the jq of Conductor 3.32, as `name/number of arguments`. It has fewer than jq itself: for example no
 * dates, `getpath`, `env`, `input` and `error` without a message.
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `_flatten/1 _match_impl/3 _nwise/1 _nwise/2 _sub_impl/3 add/0 all/0 all/1 all/2 any/0 any/1 any/2 arrays/0 ascii_downcase/0
  ascii_upcase/0 atan/0 booleans/0 break/0 capture/1 capture/2 combinations/0 combinations/1 contains/1 cos/0 debug_scope/0 del/1 empty/0
  endswith/1 error/1 explode/0 first/0 first/1 flatten/0 flatten/1 floor/0 from_entries/0 fromjson/0 group/0 group/1 group_by/1 gsub/2
  gsub/3 has/1 implode/0 in/1 index/1 indices/1 infinite/0 inside/1 isinfinite/0 isnan/0 iterables/0 join/1 keys/0 keys_unsorted/0 last/0
  last/1 leaf_paths/0 length/0 limit/2 log2/0 ltrimstr/1 map/1 map_values/1 match/1 match/2 max/0 max/1 max_by/1 min/0 min/1 min_by/1 nan/0
  not/0 nth/1 nth/2 nulls/0 numbers/0 objects/0 paths/0 paths/1 pow/2 range/1 range/2 range/3 recurse/0 recurse/1 recurse/2 recurse_down/0
  reverse/0 rindex/1 rtrimstr/1 scalars/0 scan/1 scan/2 select/1 sin/0 sort/0 sort/1 sort_by/1 split/1 split/2 splits/1 splits/2 sqrt/0
  startswith/1 strings/0 sub/2 sub/3 test/1 test/2 to_entries/0 tojson/0 tonumber/0 tostring/0 transpose/0 type/0 unique/0 unique/1
  unique_by/1 until/2 utf8bytelength/0 values/0 walk/1 while/2 with_entries/1 @base64/0 @csv/0 @html/0 @json/0 @sh/0 @text/0 @tsv/0
  @uri/0`.split(/\s+/),
);

/** True if the server's jq has a function or format (`@base64/0`) of this name with this number of arguments. */
export function isJqFunction(nameAndArity: string): boolean {
  return FUNCTIONS.has(nameAndArity);
}

/** The numbers of arguments with which the server's jq has a function of this name. */
export function aritiesOf(name: string): number[] {
  return [...FUNCTIONS].flatMap((known) =>
    known.startsWith(`${name}/`) ? [Number(known.slice(name.length + 1))] : [],
  );
}
