import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { defineTask, z } from 'conductor-fleet';
import { fileUnder } from '../shared/file-under.ts';

export default defineTask({
  name: 'compress_file',
  description: 'Compresses a file with gzip into the output folder, as a stream.',
  input: z.object({ path: z.string().min(1), level: z.int().min(1).max(9).default(6) }),
  output: z.object({
    outputPath: z.string(),
    originalBytes: z.int(),
    compressedBytes: z.int(),
    /** Compressed size divided by original size; 1 for an empty file. */
    ratio: z.number(),
  }),
  responseTimeoutSeconds: 600,
}).worker(async ({ path, level }, { settings, signal, workflowId, taskReferenceName, taskId }) => {
  const source = await fileUnder(settings.filesRoot, path);
  const folder = resolve(settings.outputDir, workflowId, taskReferenceName);
  await mkdir(folder, { recursive: true });
  const target = join(folder, `${basename(source)}.gz`);
  const unfinished = `${target}.${taskId}.part`;
  try {
    await pipeline(createReadStream(source), createGzip({ level }), createWriteStream(unfinished), { signal });
    await rename(unfinished, target); // renamed at the end, so that readers never see an incomplete file
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  const originalBytes = (await stat(source)).size;
  const compressedBytes = (await stat(target)).size;
  const ratio = originalBytes === 0 ? 1 : Number((compressedBytes / originalBytes).toFixed(4));
  return { outputPath: target, originalBytes, compressedBytes, ratio };
});
