/** A JSON number as it was written in decimal: `units` × 10^−`places`. */
interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

/** True if `price` differs from `base` by more than `percent`. Computed in decimal: in binary, 0.6 → 0.63 would be more than 5 %. */
export function movedMoreThan(percent: number, base: number, price: number): boolean {
  const before = decimal(base);
  const now = decimal(price);
  const limit = decimal(percent);
  const places = Math.max(before.places, now.places);
  const change = unitsAt(now, places) - unitsAt(before, places);
  const moved = { units: (change < 0n ? -change : change) * 100n, places };
  const allowed = { units: limit.units * before.units, places: limit.places + before.places };
  const common = Math.max(moved.places, allowed.places);
  return unitsAt(moved, common) > unitsAt(allowed, common);
}

function decimal(value: number): Decimal {
  // For a number of up to 15 digits, `String` returns the digits from which the number was read.
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const places = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return places >= 0 ? { units, places } : { units: units * 10n ** BigInt(-places), places: 0 };
}

function unitsAt({ units, places }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - places);
}
