/** Explains to an agent how to write steps. It is short, so that an agent reads it before the first try. */
export const STEP_FORMAT = `A step is {"id":"…","type":"…",…}. Steps run one after another; types and fields (? may be left out):
http: url, method?, headers?, body?, timeoutSeconds?, retries? → \${id.body.x}, \${id.statusCode}
worker: task, input? → \${id.x} (a worker serves the task)
mcp_tool: server (URL), tool, arguments? → \${id.text}, \${id.parsed.x}
llm: provider, model, prompt, system?, json? → \${id.result} (json: \${id.result.x})
workflow: name, version?, input? → \${id.x}
approval: question, details?, onRejected? (stop or continue) → \${id.approved}, \${id.comment}
wait: seconds, or until ("2026-11-21 09:30 UTC"), or signal:true → \${id.x}
script: code (JavaScript) → \${id.result}. Write \${…} without quotes in it.
jq: query, input → \${id.result}
set: values → \${vars.x}
parallel: branches [[steps],[steps]] → the ids in them, afterwards
branch: on, cases {"value":[steps]}, otherwise?; or if (JavaScript), then [steps], else?
loop: over (a list), steps → \${item}, \${index} in it; or rounds (the most), until? or while? (looked at after each round); collect? → \${id.results}
end: status? (COMPLETED or FAILED), reason?, output? (that of the workflow, which else is what the last step gives)
Values: \${input.x}, \${id.field}, \${secrets.X}. http, worker, mcp_tool, llm and workflow also take optional:true (may fail) and example (an answer, for the dry run).`;

/** Example steps that work as they are, because the server executes all of them. */
export const EXAMPLE_STEPS = [
  { id: 'total', type: 'jq', query: '.prices | add', input: { prices: '${input.prices}' } },
  {
    id: 'size',
    type: 'branch',
    if: '${total.result} > 100',
    // biome-ignore lint/suspicious/noThenProperty: `then` is a field of a step
    then: [{ type: 'set', values: { label: 'large' } }],
    else: [{ type: 'set', values: { label: 'small' } }],
  },
] as const;

/** An input for the example steps. */
export const EXAMPLE_INPUT = { prices: [40, 70] } as const;
