package glia.reason.task;

import glia.reason.reward.math.Rational;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Sorting numbers or words: `Sort 5, 2 and 9 from smallest to largest.`
///
/// The canonical form is the elements in ascending order, for both directions.
final class SortingTask extends NamedTask {
    private static final Pattern BETWEEN = Pattern.compile("[\\s,;<>\\[\\](){}.\"'`]+(and\\s+)?");
    /// Signs of order between elements.
    private static final Pattern ORDER = Pattern.compile("->|[<>\u2264\u2265\u2192]"
            + "|\\\\(?:lt|gt|leq?|geq?|to|rightarrow)(?![a-zA-Z])");
    private static final Pattern SPACE = Pattern.compile("(?<=\\d)\\s++(?=[-\u2212]?\\d)");
    private static final Pattern WORD = Pattern.compile("[a-z]+");

    SortingTask() {
        super("sorting", "numbers or words in ascending or descending order", 2, "three numbers up to 20",
                "five numbers up to 99", "eight numbers from -99 to 99", "six words",
                "twelve numbers from -999 to 999");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int count = List.of(3, 5, 8, 6, 12).get(level - 1);
        int max = List.of(20, 99, 99, 0, 999).get(level - 1);
        int min = level == 1 || level == 2 ? 1 : -max;
        boolean isAscending = random.chance(0.5);
        List<String> elements = new ArrayList<>();
        List<String> sorted;
        if (level == 4) {
            while (elements.size() < count) {
                String word = RandomWords.word(random, random.between(3, 6));
                if (!elements.contains(word)) {
                    elements.add(word);
                }
            }
            sorted = new ArrayList<>(elements.stream().sorted().toList());
        } else {
            List<Integer> numbers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                numbers.add(random.between(min, max));
            }
            numbers.forEach(n -> elements.add(n.toString()));
            sorted = new ArrayList<>(numbers.stream().sorted().map(Object::toString).toList());
        }
        String canonical = String.join(",", sorted);
        if (!isAscending) {
            Collections.reverse(sorted);
        }
        String order = level == 4 ? isAscending ? "in alphabetical order" : "in reverse alphabetical order"
                : isAscending ? "from smallest to largest" : "from largest to smallest";
        return new Instance(canonical, "Sort " + String.join(", ", elements.subList(0, count - 1)) + " and "
                + elements.getLast() + " " + order + ".",
                Map.of("answer", String.join(", ", sorted), "order", List.copyOf(sorted)));
    }

    /// The elements with a comma, a space or a sign of order between each two. Words before a colon are left out, and
    /// words before numbers.
    @Override
    public Optional<String> read(String text) {
        if (text.chars().anyMatch(c -> c >= '0' && c <= '9')) {
            return AnswerNumbers.in(SPACE.matcher(ORDER.matcher(text).replaceAll(",")).replaceAll(", "))
                    .filter(numbers -> numbers.stream().allMatch(Rational::isInteger))
                    .map(numbers -> numbers.stream().map(Object::toString).collect(Collectors.joining(", ")));
        }
        String list = ORDER.matcher(text.substring(text.lastIndexOf(':') + 1)).replaceAll(",").toLowerCase(Locale.ROOT);
        List<String> words = BETWEEN.splitAsStream(list).filter(word -> !word.isEmpty()).toList();
        return words.isEmpty() || !words.stream().allMatch(word -> WORD.matcher(word).matches()) ? Optional.empty()
                : Optional.of(String.join(", ", words));
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(String.join(", ", Fields.texts(fields, "order")));
    }
}
