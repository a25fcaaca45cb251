/** What the operator lets an organisation have at most of open flows, and of what its circuits pass at a relay. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table organisations add column most_flows integer`,
    sql`alter table organisations add column most_relay integer`,
  ]) {
    await statement.execute(db);
  }
}
