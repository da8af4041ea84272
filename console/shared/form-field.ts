/** A field of a form. All fields together make an object of JSON. */
export interface FormField {
  readonly name: string;
  /** `any`: text, or JSON if it reads as JSON. */
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'object' | 'json' | 'any';
  readonly isRequired: boolean;
  readonly description?: string;
  /** The values of a `choice`. */
  readonly choices?: readonly unknown[];
  /** What the field holds at first. */
  readonly start?: unknown;
  /** Limits of a number. */
  readonly least?: number;
  readonly most?: number;
  /** Limits of a text. */
  readonly shortest?: number;
  readonly longest?: number;
  readonly pattern?: string;
}
