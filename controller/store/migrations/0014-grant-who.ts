/** A grant is remembered with what it says of its holder: applications behind public hostnames believe that. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('issued_tokens').addColumn('who', 'text').execute();
}
