import { z } from 'zod';
import { permissionNames, roleNames } from './names.ts';

/** Patterns in which `*` matches any characters. */
const patterns = z.array(z.string().min(1).max(255)).min(1);

const rule = z.strictObject({
  /** Errors and the audit name it. Default: `rule-<n>`, its place in the list, counted from 1. */
  id: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, _ . or -')
    .optional(),
  /** The callers for whom the rule holds: those that fit every field. Default: every caller. */
  for: z
    .strictObject({
      role: z.enum(roleNames).optional(),
      team: z.string().min(1).optional(),
      /** The id of a caller. A caller with a token has the id `<issuer>#<subject>`. */
      principal: z.string().min(1).optional(),
    })
    .default({}),
  /** True: what fits the rule is refused. False: of what the rule is about, only what fits is allowed. */
  deny: z.boolean().default(false),
  /** Default: all permissions. */
  permissions: z
    .array(z.enum(permissionNames))
    .min(1)
    .default([...permissionNames]),
  workflows: patterns.default(['*']),
  /** For each field of the workflow's input, such as `environment` or `order.region`: the values that fit. */
  input: z
    .record(z.string().min(1), z.array(z.union([z.string(), z.number(), z.boolean()])).min(1))
    .refine((fields) => Object.keys(fields).length > 0, 'must name a field')
    .optional(),
  /** Task domains. */
  domains: patterns.optional(),
});

/** A rule as a person writes it. */
export type McpRuleInput = z.input<typeof rule>;

/** A rule of MCP_RULES. It limits what callers may do, and never gives a permission. */
export type McpRule = Omit<z.output<typeof rule>, 'id'> & { readonly id: string };

/** The rules, each with an id. */
export const mcpRules = z
  .array(rule)
  .transform((rules) => rules.map((one, index): McpRule => ({ ...one, id: one.id ?? `rule-${index + 1}` })))
  .refine((rules) => new Set(rules.map(({ id }) => id)).size === rules.length, 'must not use an id twice');
