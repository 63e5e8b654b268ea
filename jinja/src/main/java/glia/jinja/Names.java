package glia.jinja;

import java.util.Collection;
import java.util.TreeSet;

/// Hints in errors about unknown names.
final class Names {
    private Names() {
    }

    /// The known name that a misspelled one is closest to, or all known names.
    static String expected(Collection<String> known, String name) {
        for (String each : new TreeSet<>(known)) {
            if (isClose(each, name)) {
                return "Did you mean '" + each + "'?";
            }
        }
        return "Expected one of: " + String.join(", ", new TreeSet<>(known));
    }

    /// Whether two names differ in one letter replaced, added, missing or swapped with the next one.
    private static boolean isClose(String a, String b) {
        int start = 0;
        while (start < a.length() && start < b.length() && a.charAt(start) == b.charAt(start)) {
            start++;
        }
        String restA = a.substring(start);
        String restB = b.substring(start);
        if (restA.length() == restB.length()) {
            boolean swapped = restA.length() > 1 && restA.charAt(0) == restB.charAt(1)
                    && restA.charAt(1) == restB.charAt(0) && restA.substring(2).equals(restB.substring(2));
            return swapped || restA.length() > 0 && a.length() > 1 && restA.substring(1).equals(restB.substring(1));
        }
        return !restA.isEmpty() && restA.substring(1).equals(restB)
                || !restB.isEmpty() && restB.substring(1).equals(restA);
    }
}
