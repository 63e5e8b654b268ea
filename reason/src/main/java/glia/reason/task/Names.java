package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Names of persons in puzzles, and the words of answers about them.
final class Names {
    static final List<String> ALL = List.of("Ann", "Ben", "Cora", "Dan", "Eva", "Finn", "Gus", "Hana");
    /// Words that turn a statement into its opposite.
    static final Set<String> NEGATIONS = Set.of("not", "no", "never", "neither", "nor", "except", "unless", "if", "or",
            "either", "maybe", "perhaps", "possibly", "might", "wrong", "false");

    private Names() { }

    /// A word of an answer.
    ///
    /// @param isBeforeColon whether a colon follows at once
    record Word(String text, boolean isBeforeColon) { }

    /// The words of letters in a text; apostrophes belong to them.
    static List<Word> words(String text) {
        List<Word> words = new ArrayList<>();
        int start = -1;
        for (int i = 0; i <= text.length(); i++) {
            boolean isLetter = i < text.length() && (Character.isLetter(text.charAt(i)) || text.charAt(i) == '\''
                    || text.charAt(i) == '\u2019');
            if (isLetter && start < 0) {
                start = i;
            } else if (!isLetter && start >= 0) {
                words.add(new Word(text.substring(start, i).replace('\u2019', '\''), text.startsWith(":", i)
                        || text.startsWith("**:", i) || text.startsWith(":**", i)));
                start = -1;
            }
        }
        return words;
    }
}
