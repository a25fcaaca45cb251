/** `postern.yaml` as apply, plan and `policy test` read it, and how what is wrong with it is told: place by place. */
import { exits } from '../protocol/errors.ts';
import { ApiProblem } from './admin-call.ts';
import { say } from './output.ts';
import { readYamlDocument, YamlIssues, type YamlDocument } from './yaml-document.ts';

/** Reads the file with its secrets from `env`, or with none where that is undefined; prints what is wrong with it and ends. */
export function readDocument(file: string, env: NodeJS.ProcessEnv | undefined): YamlDocument {
  try {
    return readYamlDocument(file, env);
  } catch (error) {
    if (error instanceof YamlIssues) return refuse(error.lines);
    throw error;
  }
}

/** What the controller answers; where it finds the document wrong, its issues are printed and the process ends. */
export async function orRefuse(document: YamlDocument, answer: Promise<unknown>): Promise<unknown> {
  return answer.catch((error: unknown) => {
    const issues = error instanceof ApiProblem ? error.problem.issues : undefined;
    if (issues === undefined || issues.length === 0) throw error;
    return refuse(document.places(issues));
  });
}

/** Prints the issues as they are, so that editors find the places, and ends. */
export function refuse(lines: readonly string[]): never {
  for (const line of lines) say(line);
  say('Nothing was changed.');
  process.exit(exits.usage);
}
