/** Since when a connector takes no new flows because an administrator said so. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table nodes add column drained_ms integer`.execute(db);
}
