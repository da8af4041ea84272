import { defineWorkflow, z } from 'conductor-fleet';
import analyzeFile from '../../workers/tasks/analyze-file.ts';
import compressFile from '../../workers/tasks/compress-file.ts';

export default defineWorkflow({
  name: 'FileProcessing',
  version: 1,
  description: 'Compresses a file, analyses it (lines, characters, encoding), or does both at the same time.',
  input: z.object({
    path: z.string().min(1),
    operation: z.enum(['compress', 'analyze', 'both']).default('both'),
  }),
  output: z.object({
    compressed: compressFile.output.optional(),
    analysis: analyzeFile.output.optional(),
  }),
  variables: z.object({ compressed: compressFile.output.optional(), analysis: analyzeFile.output.optional() }),
  timeoutSeconds: 3600,
}).build((wf, { path, operation }) => {
  wf.switch(
    'by_operation',
    operation,
    {
      compress: (only) => {
        const { output } = only.task('compress', compressFile, { path });
        only.set('keep_compressed', { compressed: output });
      },
      analyze: (only) => {
        const { output } = only.task('analyze', analyzeFile, { path });
        only.set('keep_analysis', { analysis: output });
      },
      both: (all) => {
        const { compressed, analysed } = all.fork('at_once', {
          compressed: (branch) => branch.task('compress_too', compressFile, { path }),
          analysed: (branch) => branch.task('analyze_too', analyzeFile, { path }),
        });
        all.set('keep_both', { compressed: compressed.output, analysis: analysed.output });
      },
    },
    (unknown) => {
      const reason = `There is no operation "${operation}"; use compress, analyze or both.`;
      unknown.terminate('refuse', 'FAILED', reason);
    },
  );
  return { compressed: wf.variables.compressed, analysis: wf.variables.analysis };
});
