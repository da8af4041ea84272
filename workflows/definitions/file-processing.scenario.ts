import { completes, defineScenarios, fails, failsForGood, unchecked } from 'conductor-fleet';
import fileProcessing from './file-processing.ts';

const compressed = { outputPath: '/out/report.txt.gz', originalBytes: 1000, compressedBytes: 250, ratio: 0.25 };
const analysis = { bytes: 1000, lines: 20, characters: 990, words: 150, encoding: 'utf-8' } as const;

export default defineScenarios(fileProcessing, {
  'compresses only': {
    input: { path: 'report.txt', operation: 'compress' },
    tasks: { compress: completes(compressed) },
    expect: {
      status: 'COMPLETED',
      output: { compressed, analysis: null },
      inputs: { compress: { path: 'report.txt' } },
      notRan: ['analyze', 'at_once'],
    },
  },
  'analyses only': {
    input: { path: 'report.txt', operation: 'analyze' },
    tasks: { analyze: completes(analysis) },
    expect: { status: 'COMPLETED', output: { compressed: null, analysis }, notRan: ['compress', 'at_once'] },
  },
  'compresses and analyses by default': {
    input: { path: 'report.txt' },
    tasks: { compress_too: completes(compressed), analyze_too: completes(analysis) },
    expect: { status: 'COMPLETED', output: { compressed, analysis } },
  },
  'retries the compression and the analysis after a failure': {
    input: { path: 'report.txt', operation: 'both' },
    tasks: {
      compress_too: [fails('no space left on device'), completes(compressed)],
      analyze_too: [fails('connection to the disk lost'), completes(analysis)],
    },
    expect: { status: 'COMPLETED', attempts: { compress_too: 2, analyze_too: 2 }, output: { compressed, analysis } },
  },
  'retries the compression': {
    input: { path: 'report.txt', operation: 'compress' },
    tasks: { compress: [fails('no space left on device'), completes(compressed)] },
    expect: { status: 'COMPLETED', attempts: { compress: 2 } },
  },
  'retries the analysis': {
    input: { path: 'report.txt', operation: 'analyze' },
    tasks: { analyze: [fails('connection to the disk lost'), completes(analysis)] },
    expect: { status: 'COMPLETED', attempts: { analyze: 2 } },
  },
  'fails without a retry if the file does not exist': {
    input: { path: 'missing.txt', operation: 'both' },
    tasks: {
      compress_too: failsForGood('There is no file missing.txt.'),
      analyze_too: failsForGood('There is no file missing.txt.'),
    },
    expect: { status: 'FAILED', reason: 'There is no file missing.txt.', attempts: { compress_too: 1 } },
  },
  'refuses an unknown operation': {
    input: unchecked({ path: 'report.txt', operation: 'shred' }),
    expect: { status: 'FAILED', reason: 'There is no operation "shred"', ran: ['by_operation', 'refuse'] },
  },
});
