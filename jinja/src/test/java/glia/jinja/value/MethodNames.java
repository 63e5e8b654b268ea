package glia.jinja.value;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// The names of all methods of values, for tests of other packages.
public final class MethodNames {
    private MethodNames() {
    }

    /// The methods of strings.
    public static List<String> ofText() {
        return new ArrayList<>(new TreeSet<>(TextMethods.NAMES));
    }

    /// The methods of lists.
    public static List<String> ofLists() {
        return new ArrayList<>(new TreeSet<>(ListMethods.NAMES));
    }

    /// The methods of dicts.
    public static List<String> ofDicts() {
        return new ArrayList<>(new TreeSet<>(DictMethods.NAMES));
    }
}
