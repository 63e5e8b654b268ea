package glia.engine.grammar.schema;

import java.util.Map;
import java.util.Set;

/// The formats of JSON schema as regular expressions. They accept no text that the standard's definition refuses; some
/// rare forms that it allows, such as quoted local parts of e-mail addresses, are refused.
final class Formats {
    private static final String DAY = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
    private static final String YEAR = "(?:\\d{3}[1-9]|\\d{2}[1-9]\\d|\\d[1-9]\\d{2}|[1-9]\\d{3})";
    private static final String LEAP = "(?:\\d{2}(?:0[48]|[2468][048]|[13579][26])"
            + "|(?:0[48]|[2468][048]|[13579][26])00)";
    private static final String DATE = "(?:" + YEAR + "-" + DAY + "|" + LEAP + "-02-29)";
    private static final String TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?"
            + "(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,3}";
    private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String IPV4 = "(?:" + BYTE + "\\.){3}" + BYTE;
    private static final String H16 = "[0-9A-Fa-f]{1,4}";
    private static final String LS32 = "(?:" + H16 + ":" + H16 + "|" + IPV4 + ")";
    private static final String IPV6 = "(?:(?:" + H16 + ":){6}" + LS32
            + "|::(?:" + H16 + ":){5}" + LS32
            + "|(?:" + H16 + ")?::(?:" + H16 + ":){4}" + LS32
            + "|(?:(?:" + H16 + ":){0,1}" + H16 + ")?::(?:" + H16 + ":){3}" + LS32
            + "|(?:(?:" + H16 + ":){0,2}" + H16 + ")?::(?:" + H16 + ":){2}" + LS32
            + "|(?:(?:" + H16 + ":){0,3}" + H16 + ")?::" + H16 + ":" + LS32
            + "|(?:(?:" + H16 + ":){0,4}" + H16 + ")?::" + LS32
            + "|(?:(?:" + H16 + ":){0,5}" + H16 + ")?::" + H16
            + "|(?:(?:" + H16 + ":){0,6}" + H16 + ")?::)";
    private static final String PCT = "%[0-9A-Fa-f]{2}";
    private static final String UNRESERVED = "A-Za-z0-9._~!$&'()*+,;=\\-";
    private static final String PCHAR = "(?:[" + UNRESERVED + ":@]|" + PCT + ")";
    private static final String AUTHORITY = "(?:(?:[" + UNRESERVED + ":]|" + PCT + ")*@)?(?:\\[" + IPV6 + "\\]|(?:["
            + UNRESERVED + "]|" + PCT + ")*)(?::\\d*)?";
    private static final String PATH = "(?:/" + PCHAR + "*)*";
    private static final String TAIL = "(?:\\?(?:" + PCHAR + "|[/?])*)?(?:#(?:" + PCHAR + "|[/?])*)?";
    private static final String URI = "[A-Za-z][A-Za-z0-9+.-]*:(?://" + AUTHORITY + PATH + "|/(?:" + PCHAR + "+" + PATH
            + ")?|" + PCHAR + "+" + PATH + ")?" + TAIL;
    private static final String RELATIVE = "(?://" + AUTHORITY + PATH + "|/(?:" + PCHAR + "+" + PATH + ")?|(?:["
            + UNRESERVED + "@]|" + PCT + ")+" + PATH + ")?" + TAIL;
    private static final String ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}";
    private static final String POINTER = "(?:/(?:[^/~]|~[01])*)*";

    private static final Map<String, String> PATTERNS = Map.ofEntries(
            Map.entry("date", DATE),
            Map.entry("time", TIME),
            Map.entry("date-time", DATE + "[Tt]" + TIME),
            Map.entry("duration", "P(?:\\d+W|(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)"
                    + "(?:T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))?"
                    + "|T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))"),
            Map.entry("email", ATEXT + "(?:\\." + ATEXT + "){0,1}@" + HOST),
            Map.entry("hostname", HOST),
            Map.entry("ipv4", IPV4),
            Map.entry("ipv6", IPV6),
            Map.entry("uri", URI),
            Map.entry("uri-reference", "(?:" + URI + "|" + RELATIVE + ")"),
            Map.entry("iri", URI),
            Map.entry("iri-reference", "(?:" + URI + "|" + RELATIVE + ")"),
            Map.entry("uuid", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
            Map.entry("json-pointer", POINTER),
            Map.entry("relative-json-pointer", "(?:0|[1-9]\\d*)(?:#|" + POINTER + ")"));
    /// Formats that the standard defines and that are not supported.
    private static final Set<String> UNSUPPORTED = Set.of("idn-email", "idn-hostname", "uri-template", "regex");

    private Formats() { }

    /// The regular expression of a format; null for formats that the standard does not define, which it ignores.
    static String pattern(String format) {
        return PATTERNS.get(format);
    }

    static boolean isUnsupported(String format) {
        return UNSUPPORTED.contains(format);
    }
}
