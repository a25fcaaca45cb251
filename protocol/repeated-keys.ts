/**
 * Whether a JSON text names a key twice in one object. JSON.parse takes the last of them and says nothing, so two readers
 * of the same bytes could see two things (REL-12).
 */

const quote = 0x22;
const backslash = 0x5c;
const [openObject, closeObject, openList, closeList, comma] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c];

/** @param json bytes that JSON.parse takes */
export function hasRepeatedKeys(json: Buffer): boolean {
  /** The keys of each object around the place one is at; undefined for a list. */
  const around: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case openObject:
        around.push(new Set());
        isKeyNext = true;
        break;
      case openList:
        around.push(undefined);
        isKeyNext = false;
        break;
      case closeObject:
      case closeList:
        around.pop();
        isKeyNext = false;
        break;
      case comma:
        isKeyNext = around.at(-1) !== undefined;
        break;
      case quote: {
        const end = endOfString(json, at + 1);
        const keys = isKeyNext ? around.at(-1) : undefined;
        if (keys !== undefined) {
          const key = JSON.parse(json.toString('utf8', at, end + 1)) as string;
          if (keys.has(key)) return true;
          keys.add(key);
          isKeyNext = false;
        }
        at = end;
        break;
      }
      default:
    }
  }
  return false;
}

/** Where the string that begins at `at` ends: its closing quote. */
function endOfString(json: Buffer, at: number): number {
  for (let place = at; place < json.length; place += 1) {
    if (json[place] === backslash) place += 1;
    else if (json[place] === quote) return place;
  }
  return json.length;
}
