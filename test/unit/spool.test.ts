import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TaskResult } from '../../core/conductor/types.ts';
import { silentLogger as log } from '../../core/log.ts';
import { resultsIn, Spool } from '../../workers/runtime/report/spool.ts';

const result = (taskId: string): TaskResult => ({
  workflowInstanceId: 'w',
  taskId,
  status: 'COMPLETED',
  outputData: {},
});
const aFolder = () => mkdtempSync(join(tmpdir(), 'spool-'));
const ids = (results: readonly TaskResult[]) => results.map(({ taskId }) => taskId);

async function open(folder: string, maxBytes = 1_000_000) {
  const opened = await Spool.open({ folder, maxBytes, log });
  onTestFinished(() => opened.spool.close());
  return opened;
}

/** Renames the files of a folder as if they belonged to a process that has ended. */
async function orphan(folder: string): Promise<string[]> {
  const ended = spawn(process.execPath, ['-e', '0']);
  await new Promise((resolve) => ended.once('exit', resolve));
  return readdirSync(folder).map((name, i) => {
    const other = `${hostname()}~${ended.pid}~${i}.jsonl`;
    renameSync(join(folder, name), join(folder, other));
    return other;
  });
}

describe('the spool', () => {
  test('the spool writes each result to disk before `append` resolves, and empties the file when all are delivered', async () => {
    const folder = aFolder();
    const { spool, left } = await open(folder);
    expect(left).toEqual([]);
    expect(await spool.append(result('a'))).toBe(true);
    await spool.append(result('b'));
    const [name = ''] = readdirSync(folder);
    const text = () => readFileSync(join(folder, name), 'utf8');
    expect(ids(resultsIn(text()))).toEqual(['a', 'b']);
    await spool.delivered('a');
    expect(ids(resultsIn(text()))).toEqual(['b']);
    await spool.delivered('b');
    expect(text()).toBe('');
    await spool.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('closing does not fail, although the folder has become unusable', async () => {
    const folder = aFolder();
    const { spool } = await open(folder);
    await spool.append(result('a'));
    await spool.delivered('a');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in place of the folder');
    await expect(spool.close()).resolves.toBeUndefined();
  });

  test('only one process takes over the file of an ended process', async () => {
    const folder = aFolder();
    const before = await open(folder);
    for (const id of ['a', 'b', 'c']) await before.spool.append(result(id));
    await before.spool.delivered('b');
    await orphan(folder);
    const [first, second] = await Promise.all([open(folder), open(folder)]);
    expect(ids([...first.left, ...second.left]).sort()).toEqual(['a', 'c']);
    expect(ids((await open(folder)).left)).toEqual([]);
  });

  test('the spool does not take over the file of a running process', async () => {
    const folder = aFolder();
    const running = await open(folder);
    await running.spool.append(result('a'));
    expect((await open(folder)).left).toEqual([]);
  });

  test('two spools of one process have files of their own, and the next spool takes over the file of a closed one', async () => {
    const folder = aFolder();
    const [first, second] = [await open(folder), await open(folder)];
    await first.spool.append(result('a'));
    await second.spool.append(result('b'));
    expect(readdirSync(folder)).toHaveLength(2);
    await first.spool.close();
    const third = await open(folder);
    expect(ids(third.left)).toEqual(['a']);
    await third.spool.delivered('a');
    await second.spool.delivered('b');
    await Promise.all([second.spool.close(), third.spool.close()]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('after a truncated or invalid line, the spool still reads all other lines', async () => {
    const folder = aFolder();
    const { spool } = await open(folder);
    await spool.append(result('a'));
    const [name = ''] = readdirSync(folder);
    appendFileSync(join(folder, name), '\0\0garbage\n{"result":{"taskId":1}}\n');
    await spool.append(result('b'));
    appendFileSync(join(folder, name), '{"result":{"workflowInsta');
    await orphan(folder);
    expect(ids((await open(folder)).left)).toEqual(['a', 'b']);
  });

  test('the spool refuses results while it is full, and accepts them again when there is room', async () => {
    const { spool } = await open(aFolder(), 300);
    expect(await spool.append(result('a'))).toBe(true);
    expect(await spool.append({ ...result('b'), outputData: { text: 'x'.repeat(300) } })).toBe(false);
    await spool.delivered('a');
    expect(await spool.append(result('c'))).toBe(true);
  });

  test('if the folder cannot be used, opening the spool fails', async () => {
    const file = join(aFolder(), 'file');
    writeFileSync(file, '');
    await expect(open(join(file, 'spool'))).rejects.toThrow();
  });
});
