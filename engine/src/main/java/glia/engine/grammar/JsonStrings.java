package glia.engine.grammar;

import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;

/// The expressions of JSON strings in a grammar's pool, by which states within strings are recognized.
///
/// @param character any character
/// @param quote the closing quote
/// @param rest what remains of any string after its opening quote
record JsonStrings(Regex character, Regex quote, Regex rest) {
    static JsonStrings of(RegexPool pool, CharacterEncoder encoder) {
        Regex quote = pool.literal("\"");
        return new JsonStrings(encoder.any(), quote, pool.concat(pool.star(encoder.any()), quote));
    }
}
