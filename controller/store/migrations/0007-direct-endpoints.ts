/** Connectors may publish endpoints where clients reach them without a relay. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table nodes add column direct text`.execute(db);
}
