/** The Host that what somebody exposes is sent, where it is not the public one. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table exposures add column host text`.execute(db);
}
