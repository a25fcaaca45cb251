/**
 * Who is disabled; what a provider said of a sign-in (context class, its own session); when a device was last let in, who
 * named it and whether its owner knows of it; tokens of keys that were rotated away; logout tokens that were used.
 */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table people add column disabled_ms integer`,
    sql`alter table service_accounts add column disabled_ms integer`,
    sql`alter table sessions add column acr text`,
    sql`alter table sessions add column provider text`,
    sql`alter table sessions add column provider_session text`,
    sql`alter table sessions add column id_token blob`,
    sql`create index sessions_by_provider_session on sessions (organisation, provider, provider_session)
      where provider_session is not null`,
    sql`alter table nodes add column signed_in_ms integer`,
    sql`alter table nodes add column named_by text`,
    sql`alter table nodes add column acknowledged_ms integer`,
    sql`alter table nodes add column keys_ms integer`,
    sql`create index nodes_by_owner on nodes (organisation, kind, owner)`,
    // Devices that were there before are no news to their owners.
    sql`update nodes set signed_in_ms = seen_ms, acknowledged_ms = created_ms, keys_ms = created_ms
      where kind = 'device'`,
    sql`alter table issued_tokens add column superseded_ms integer`,
    sql`create table logout_tokens (
      organisation text not null references organisations (id), provider text not null, jti text not null,
      until_ms integer not null, primary key (organisation, provider, jti))`,
  ]) {
    await statement.execute(db);
  }
}
