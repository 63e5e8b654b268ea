package glia.serve.request;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The known name that an unknown field was probably meant to be.
final class NearestName {
    private static final int MOST_CHARACTERS = 64;

    private NearestName() { }

    /// The name with the fewest changed characters, if these are at most half of the characters. Case and underscores
    /// do not count. Names of objects within the table are those of `options.num_ctx`.
    ///
    /// @param table the declared fields; null for those that were read
    static Optional<String> of(String unknown, FieldTable table, Collection<String> read) {
        Set<String> names = new LinkedHashSet<>();
        if (table == null) {
            names.addAll(read);
        } else {
            add(table, "", names);
            table.fields().stream().filter(field -> field.inner() != null && field.accepts().equals("object"))
                    .forEach(field -> add(field.inner(), field.name() + ".", names));
        }
        String nearest = null;
        int least = Integer.MAX_VALUE;
        for (String name : names) {
            String plain = plain(name.substring(name.indexOf('.') + 1));
            int distance = distance(plain(unknown), plain);
            if (distance < least && 2 * distance <= Math.max(plain.length(), plain(unknown).length())) {
                least = distance;
                nearest = name;
            }
        }
        return Optional.ofNullable(nearest);
    }

    private static void add(FieldTable table, String prefix, Set<String> names) {
        table.fields().stream().filter(field -> field.status() != Field.Status.REFUSED)
                .forEach(field -> names.add(prefix + field.name()));
    }

    private static String plain(String name) {
        String plain = name.toLowerCase(Locale.ROOT).replaceAll("[_-]", "");
        return plain.substring(0, Math.min(MOST_CHARACTERS, plain.length()));
    }

    /// The Levenshtein distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                row[j] = i == 0 ? j : Math.min(Math.min(above, row[j - 1]) + 1,
                        diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
