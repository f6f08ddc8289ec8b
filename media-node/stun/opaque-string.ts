/** Visible ASCII: already prepared, and what nearly every user name and password is made of. */
const PLAIN = /^[!-~]+$/;
const SPACE = /\p{Zs}/gu;
/**
 * FreeformClass of RFC 8264 §4.3 without the code points that it disallows: ignorable ones, old Hangul jamo (§9.9) and
 * the exceptions of §9.6. Joiners (CONTEXTJ) are ignorable here: their rules need properties that ECMAScript lacks, and
 * refusing them is the safe side.
 */
const FREEFORM =
  /^[[\p{L}\p{M}\p{N}\p{P}\p{S} ]--[\p{Default_Ignorable_Code_Point}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]]+$/v;
/** Code points that are valid in one context only, here out of it (RFC 5892 appendix A.3-A.6). */
const OUT_OF_CONTEXT = /(?<!l)\u00b7|\u00b7(?!l)|\u0375(?!\p{Script=Greek})|(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u;
const KATAKANA_MIDDLE_DOT = "\u30fb";
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const ARABIC_INDIC = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_INDIC = /[\u06f0-\u06f9]/;

/**
 * The OpaqueString profile of RFC 8265 §4.2, by which STUN prepares user names, realms and passwords: spaces of every
 * kind become U+0020, then NFC.
 * @returns undefined for the empty string and for one that the profile refuses (controls, ignorable characters…)
 */
export function opaqueString(text: string): string | undefined {
  if (PLAIN.test(text)) return text;
  const prepared = text.replace(SPACE, " ").normalize("NFC");
  if (!FREEFORM.test(prepared) || OUT_OF_CONTEXT.test(prepared)) return undefined;
  if (prepared.includes(KATAKANA_MIDDLE_DOT) && !JAPANESE.test(prepared)) return undefined;
  if (ARABIC_INDIC.test(prepared) && EXTENDED_ARABIC_INDIC.test(prepared)) return undefined;
  return prepared;
}
