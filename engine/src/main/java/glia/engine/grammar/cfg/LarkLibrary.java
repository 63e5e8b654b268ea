package glia.engine.grammar.cfg;

import java.util.List;
import java.util.Map;

/// The terminals that Lark's `%import` finds: those of the libraries `common` and `unicode`.
final class LarkLibrary {
    private static final String NUMBER =
            "(?:[0-9]+(?:[eE][+-]?[0-9]+)?|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)";
    private static final String FLOAT =
            "(?:[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)";
    private static final Map<String, String> TERMINALS = Map.ofEntries(
            Map.entry("common.DIGIT", "[0-9]"), Map.entry("common.HEXDIGIT", "[0-9a-fA-F]"),
            Map.entry("common.INT", "[0-9]+"), Map.entry("common.SIGNED_INT", "[+-]?[0-9]+"),
            Map.entry("common.DECIMAL", "[0-9]+\\.[0-9]*|\\.[0-9]+"), Map.entry("common._EXP", "[eE][+-]?[0-9]+"),
            Map.entry("common.FLOAT", FLOAT), Map.entry("common.SIGNED_FLOAT", "[+-]?" + FLOAT),
            Map.entry("common.NUMBER", NUMBER), Map.entry("common.SIGNED_NUMBER", "[+-]?" + NUMBER),
            Map.entry("common.ESCAPED_STRING", "\"(?:[^\"\\\\\\n]|\\\\[^\\n])*\""),
            Map.entry("common.LCASE_LETTER", "[a-z]"), Map.entry("common.UCASE_LETTER", "[A-Z]"),
            Map.entry("common.LETTER", "[A-Za-z]"), Map.entry("common.WORD", "[A-Za-z]+"),
            Map.entry("common.CNAME", "[_A-Za-z][_A-Za-z0-9]*"), Map.entry("common.WS_INLINE", "[ \\t]+"),
            Map.entry("common.WS", "[ \\t\\f\\r\\n]+"), Map.entry("common.CR", "\\r"), Map.entry("common.LF", "\\n"),
            Map.entry("common.NEWLINE", "(?:\\r?\\n)+"), Map.entry("common.SH_COMMENT", "#[^\\n]*"),
            Map.entry("common.CPP_COMMENT", "//[^\\n]*"), Map.entry("common.SQL_COMMENT", "--[^\\n]*"),
            Map.entry("common.C_COMMENT", "/\\*(?:[^*]|\\*+[^*/])*\\*+/"),
            Map.entry("unicode.WS_INLINE", "[ \\t\\xa0]+"), Map.entry("unicode.WS", "[ \\t\\xa0\\f\\r\\n]+"));

    private LarkLibrary() { }

    /// Whether a library has this name.
    static boolean has(String library) {
        return library.equals("common") || library.equals("unicode");
    }

    /// The regular expression of a terminal; null if the library has none of this name.
    static String pattern(String library, String name) {
        return TERMINALS.get(library + "." + name);
    }

    /// The terminals of a library.
    static List<String> names(String library) {
        return TERMINALS.keySet().stream().filter(name -> name.startsWith(library + "."))
                .map(name -> name.substring(library.length() + 1)).sorted().toList();
    }
}
