package glia.io.hub;

import glia.io.DisplayText;
import glia.io.hub.HubException.Kind;
import java.io.File;

/// Checks file names from a hub's listing, an archive or a user's `:file` before they become paths.
final class FileNames {
    private static final int MAX_LENGTH = 1024;
    private static final int MAX_PART_LENGTH = 255;
    private static final int MAX_SHOWN = 200;

    private FileNames() { }

    /// Accepts relative paths with forward slashes that stay in their folder on every system.
    ///
    /// @param source the origin of the name, for the message
    /// @return the name
    /// @throws HubException (REFUSED) if it is empty, absolute or too long, has an empty, `.` or `..` part, a backslash
    ///     or a control character, or on Windows a colon
    static String check(String name, String source) throws HubException {
        String problem = problem(name);
        if (!problem.isEmpty()) {
            throw new HubException(Kind.REFUSED, source + " names a file \"" + printable(name) + "\", which " + problem
                + ". Refused: such a name can write outside of its folder. Nothing was written.");
        }
        return name;
    }

    static boolean isSafe(String name) {
        return problem(name).isEmpty();
    }

    private static String problem(String name) {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            return "is empty or longer than " + MAX_LENGTH + " characters";
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c) || c == '\\' || Character.isSurrogate(c) && !isPair(name, i)) {
                return "has a control character, a backslash or half a character in it";
            }
            if (c == ':' && File.separatorChar == '\\') {
                return "has a colon in it";
            }
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..") || part.length() > MAX_PART_LENGTH) {
                return "is absolute, or has an empty, \".\", \"..\" or overlong part";
            }
        }
        return "";
    }

    private static boolean isPair(String name, int i) {
        char c = name.charAt(i);
        return Character.isHighSurrogate(c) ? i + 1 < name.length() && Character.isLowSurrogate(name.charAt(i + 1))
            : i > 0 && Character.isHighSurrogate(name.charAt(i - 1));
    }

    /// The text on one line, control characters escaped, cut after 200 characters.
    static String printable(String text) {
        return DisplayText.shorten(text, MAX_SHOWN);
    }

    /// The last part of a name.
    static String last(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }
}
