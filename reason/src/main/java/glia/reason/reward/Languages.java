package glia.reason.reward;

import glia.io.Suggestions;
import java.lang.Character.UnicodeScript;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/// Measures how much of a text is in one language, by the scripts of its letters and, among languages that share the
/// Latin or Cyrillic script, by frequent words that belong to one language only.
///
/// The share is (words of the language) / (all words that have letters). A word counts if its letters are of the
/// language's scripts and it is no frequent word of another language. A run of Han, Hiragana, Katakana or Thai letters
/// counts each letter as a word. Commands of LaTeX do not count, nor single letters of other scripts, as of variables.
/// It is a heuristic like the language consistency reward of [DeepSeek-R1](https://arxiv.org/abs/2501.12948), not a
/// language classifier.
final class Languages {
    private static final Map<String, Set<UnicodeScript>> SCRIPTS = new TreeMap<>();
    private static final Map<String, Set<String>> FREQUENT = new HashMap<>();

    static {
        for (String code : List.of("en", "de", "fr", "es", "it", "pt", "nl")) {
            SCRIPTS.put(code, Set.of(UnicodeScript.LATIN));
        }
        SCRIPTS.put("ru", Set.of(UnicodeScript.CYRILLIC));
        SCRIPTS.put("uk", Set.of(UnicodeScript.CYRILLIC));
        SCRIPTS.put("zh", Set.of(UnicodeScript.HAN));
        SCRIPTS.put("ja", Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA));
        SCRIPTS.put("ko", Set.of(UnicodeScript.HANGUL));
        SCRIPTS.put("ar", Set.of(UnicodeScript.ARABIC));
        SCRIPTS.put("he", Set.of(UnicodeScript.HEBREW));
        SCRIPTS.put("hi", Set.of(UnicodeScript.DEVANAGARI));
        SCRIPTS.put("el", Set.of(UnicodeScript.GREEK));
        SCRIPTS.put("th", Set.of(UnicodeScript.THAI));
        frequent("en", "the and is of to that it with for this are was from have not which we you they be as by an "
                + "what when where so then there their can would should because");
        frequent("de", "der die das und ist nicht ein eine zu mit auf für von den dem wir sie ich auch sich des dass "
                + "wird sind wie aber oder wenn dann weil");
        frequent("fr", "le les et est une pour dans que qui nous vous pas avec sur ce cette des du au donc mais alors "
                + "parce être sont je il elle");
        frequent("es", "el los las y es una para que en por con del como más pero esto esta son porque entonces muy "
                + "también hay");
        frequent("it", "il gli e è una per che di con del della sono non come più ma questo questa perché allora "
                + "anche quindi");
        frequent("pt", "o os e é uma para que em com do da não como mais mas isto esta são porque então também muito");
        frequent("nl", "de het en is een van niet met voor op dat zijn wij ik ook maar want dus dan omdat deze wordt");
        frequent("ru", "и в не на что это как но или если так потому он она они мы вы");
        frequent("uk", "і в не на що це як але або якщо так тому він вона вони ми ви");
    }

    private static final Set<UnicodeScript> WITHOUT_SPACES = Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA, UnicodeScript.THAI);

    private final Set<UnicodeScript> scripts;
    private final Set<String> foreign = new HashSet<>();

    private Languages(String code) {
        scripts = SCRIPTS.get(code);
        FREQUENT.forEach((other, words) -> {
            if (!other.equals(code)) {
                foreign.addAll(words);
            }
        });
        foreign.removeAll(FREQUENT.getOrDefault(code, Set.of()));
        // Names of variables and units are of no language.
        foreign.removeIf(word -> word.length() == 1);
    }

    private static void frequent(String code, String words) {
        FREQUENT.put(code, Set.of(words.split(" ")));
    }

    /// The codes of the known languages, sorted.
    static List<String> codes() {
        return List.copyOf(SCRIPTS.keySet());
    }

    /// @throws IllegalArgumentException if the code is unknown
    static Languages of(String code) {
        if (!SCRIPTS.containsKey(code.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("found '" + code + "', expected one of " + String.join(", ", codes())
                    + "." + Suggestions.sentence(code, codes()));
        }
        return new Languages(code.toLowerCase(Locale.ROOT));
    }

    /// The share of words in this language, or empty for a text of fewer words than `least`.
    OptionalDouble share(String text, int least) {
        long all = 0;
        long own = 0;
        int i = 0;
        while (i < text.length()) {
            int c = text.codePointAt(i);
            int start = i;
            i += Character.charCount(c);
            if (c == '\\') {
                // A command of LaTeX is of no language.
                while (i < text.length() && text.charAt(i) < 0x80 && Character.isLetter(text.charAt(i))) {
                    i++;
                }
            }
            if (!Character.isLetter(c)) {
                continue;
            }
            UnicodeScript script = UnicodeScript.of(c);
            boolean right = scripts.contains(script);
            if (!WITHOUT_SPACES.contains(script)) {
                while (i < text.length() && inWord(text.codePointAt(i))) {
                    right &= scripts.contains(UnicodeScript.of(text.codePointAt(i)))
                            || UnicodeScript.of(text.codePointAt(i)) == UnicodeScript.INHERITED;
                    i += Character.charCount(text.codePointAt(i));
                }
                right &= !foreign.contains(text.substring(start, i).toLowerCase(Locale.ROOT));
                if (!right && i - start == Character.charCount(c)) {
                    // The name of a variable.
                    continue;
                }
            }
            all++;
            own += right ? 1 : 0;
        }
        return all < least ? OptionalDouble.empty() : OptionalDouble.of((double) own / all);
    }

    private static boolean inWord(int c) {
        return (Character.isLetter(c) || Character.getType(c) == Character.NON_SPACING_MARK)
                && !WITHOUT_SPACES.contains(UnicodeScript.of(c));
    }
}
