package glia.reason.program;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// The methods of strings.
record TextMethods(Budget budget, Values values) {
    /// @return null if there is no such method with so many arguments
    Object call(int line, String text, String name, List<Object> arguments) throws ProgramException {
        budget.spend(line, text.length());
        if (name.equals("join") && arguments.size() == 1) {
            return join(line, text, values.elements(line, arguments.getFirst()));
        }
        String[] words = new String[arguments.size()];
        for (int i = 0; i < words.length; i++) {
            if (!(arguments.get(i) instanceof String word)) {
                throw new ProgramException(line, name + "() takes strings, found a value of type '"
                        + Values.type(arguments.get(i)) + "'");
            }
            words[i] = word;
        }
        return switch (name + words.length) {
            case "upper0" -> text.toUpperCase(Locale.ROOT);
            case "lower0" -> text.toLowerCase(Locale.ROOT);
            case "strip0" -> text.strip();
            case "isdigit0" -> !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
            case "startswith1" -> text.startsWith(words[0]);
            case "endswith1" -> text.endsWith(words[0]);
            case "find1" -> BigInteger.valueOf(text.indexOf(words[0]));
            case "count1" -> BigInteger.valueOf(count(text, words[0]));
            case "replace2" -> replace(line, text, words[0], words[1]);
            case "split0" -> split(text.strip().isEmpty() ? new String[0] : text.strip().split("\\s+"));
            case "split1" -> {
                if (words[0].isEmpty()) {
                    throw new ProgramException(line, "empty separator");
                }
                yield split(text.split(Pattern.quote(words[0]), -1));
            }
            default -> null;
        };
    }

    private static List<Object> split(String[] parts) {
        return new ArrayList<>(List.of((Object[]) parts));
    }

    private static int count(String text, String part) {
        if (part.isEmpty()) {
            return text.length() + 1;
        }
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private String replace(int line, String text, String part, String by) throws ProgramException {
        long length = text.length() + (long) count(text, part) * (by.length() - part.length());
        budget.requireLength(line, length);
        budget.spend(line, length);
        return text.replace(part, by);
    }

    private String join(int line, String separator, List<Object> parts) throws ProgramException {
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            if (!(parts.get(i) instanceof String part)) {
                throw new ProgramException(line, "sequence item " + i + ": expected str instance, "
                        + Values.type(parts.get(i)) + " found");
            }
            joined.append(i == 0 ? "" : separator).append(part);
            budget.requireLength(line, joined.length());
        }
        budget.spend(line, joined.length());
        return joined.toString();
    }
}
