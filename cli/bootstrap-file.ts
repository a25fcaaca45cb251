/** `POSTERN_BOOTSTRAP_FILE`: the first document of a controller that is set up without anybody at a keyboard. */
import type { ControllerContext } from '../controller/context.ts';
import { say } from './output.ts';
import { readYamlDocument, YamlIssues } from './yaml-document.ts';

/** Applies the file where there is no document yet. Throws `YamlIssues` with everything that is wrong with it. */
export async function applyBootstrapFile(context: ControllerContext): Promise<void> {
  const file = process.env['POSTERN_BOOTSTRAP_FILE'];
  if (file === undefined || file === '') return;
  const { bootstrap } = await import('../controller/organisation/bootstrap.ts');
  const { value, places } = readYamlDocument(file, process.env);
  const done = await bootstrap(context, value);
  switch (done.state) {
    case 'wrong':
      throw new YamlIssues(places(done.issues));
    case 'there-already':
      say(
        'There is a document already, so POSTERN_BOOTSTRAP_FILE was left alone. Change it by: postern apply',
      );
      return;
    case 'applied':
      say(
        `POSTERN_BOOTSTRAP_FILE is in force.${done.owner === undefined ? '' : ` ${done.owner} becomes the owner by signing in.`}`,
      );
      return;
    default:
      done satisfies never;
  }
}
