package glia.jinja;

import glia.jinja.value.JinjaError;

import java.util.Collection;
import java.util.TreeSet;

/// Errors about unknown names.
final class Names {
    private static final int MAX_LENGTH = 40;

    private Names() {
    }

    /// The error of an unknown filter or test: suggests the known name that is spelled nearly alike, or lists all.
    ///
    /// @param kind "filter" or "test"
    static JinjaError unknown(String kind, String name, Collection<String> known) {
        String found = name.length() <= MAX_LENGTH ? name : name.substring(0, MAX_LENGTH) + "…";
        for (String each : new TreeSet<>(known)) {
            if (isClose(each, found)) {
                return new JinjaError("No " + kind + " named '" + found + "'; did you mean '" + each + "'?");
            }
        }
        return new JinjaError("No " + kind + " named '" + found + "'; expected one of: "
                + String.join(", ", new TreeSet<>(known)));
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
