/** Texts of issued tokens are kept no more: they are signed again of what was issued. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`drop table issued_token_texts`.execute(db);
}
