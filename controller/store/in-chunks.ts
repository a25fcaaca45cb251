/** SQLite takes a bounded number of values in one query: asks for some at a time and puts the answers together. */
const most = 500;

export async function inChunks<T, R>(
  values: readonly T[],
  query: (chunk: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const rows: R[] = [];
  for (let at = 0; at < values.length; at += most) rows.push(...(await query(values.slice(at, at + most))));
  return rows;
}
