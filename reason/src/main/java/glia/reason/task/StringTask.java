package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Puzzles about the letters of a string: `Reverse the string "planet".`
///
/// The canonical form is the string, for all operations and levels.
final class StringTask extends NamedTask {
    private static final Pattern QUOTED = Pattern.compile("[\"'`\u201C\u2018]([A-Za-z0-9]+)[\"'`\u201D\u2019]");
    private static final Pattern WORD = Pattern.compile("[a-z0-9]+");

    private enum Operation {
        REVERSE("reverse the string %s", "reverse the result"),
        SORT("sort the letters of %s alphabetically", "sort the letters of the result alphabetically"),
        NO_VOWELS("remove the vowels (a, e, i, o, u) from %s", "remove the vowels (a, e, i, o, u) from the result"),
        SHIFT("replace each letter of %s by the next one in the alphabet (z by a)",
                "replace each letter of the result by the next one in the alphabet (z by a)"),
        DOUBLE("write each letter of %s twice", "write each letter of the result twice"),
        ROTATE("move the first letter of %s to the end", "move the first letter of the result to the end"),
        EVERY_SECOND("keep every second letter of %s, starting with the first",
                "keep every second letter of the result, starting with the first");

        private final String first;
        private final String further;

        Operation(String first, String further) {
            this.first = first;
            this.further = further;
        }

        String apply(String text) {
            return switch (this) {
                case REVERSE -> new StringBuilder(text).reverse().toString();
                case SORT -> letters(text.chars().sorted());
                case NO_VOWELS -> letters(text.chars().filter(c -> !RandomWords.isVowel((char) c)));
                case SHIFT -> letters(text.chars().map(c -> c == 'z' ? 'a' : c + 1));
                case DOUBLE -> text.chars().mapToObj(c -> Character.toString(c).repeat(2)).collect(
                        Collectors.joining());
                case ROTATE -> text.isEmpty() ? text : text.substring(1) + text.charAt(0);
                case EVERY_SECOND -> {
                    StringBuilder kept = new StringBuilder();
                    for (int i = 0; i < text.length(); i += 2) {
                        kept.append(text.charAt(i));
                    }
                    yield kept.toString();
                }
            };
        }

        private static String letters(IntStream letters) {
            return letters.mapToObj(Character::toString).collect(Collectors.joining());
        }
    }

    StringTask() {
        super("strings", "letters of a string: reverse, sort, count, replace and remove", 2,
                "one operation on 3 to 5 letters", "one operation on 6 to 9 letters",
                "two operations on 5 to 8 letters", "three operations on 6 to 10 letters");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        String word = RandomWords.word(random, switch (level) {
            case 1 -> random.between(3, 5);
            case 2 -> random.between(6, 9);
            case 3 -> random.between(5, 8);
            default -> random.between(6, 10);
        });
        return level <= 2 && random.chance(0.3) ? question(word, random)
                : operations(word, Math.max(1, level - 1), random);
    }

    private static Instance question(String word, RandomStream random) {
        int place = random.below(word.length());
        char letter = word.charAt(place);
        return random.chance(0.5)
                ? instance(word, "How many times does the letter \"" + letter + "\" occur in \"" + word + "\"?",
                        Long.toString(word.chars().filter(c -> c == letter).count()))
                : instance(word, "What is letter " + (place + 1) + " of \"" + word + "\"?", Character.toString(letter));
    }

    private static Instance operations(String word, int count, RandomStream random) {
        List<Operation> operations = random.shuffled(List.of(Operation.values())).subList(0, count);
        String result = word;
        List<String> results = new ArrayList<>();
        StringBuilder prompt = new StringBuilder();
        for (Operation operation : operations) {
            result = operation.apply(result);
            results.add(result);
            prompt.append(prompt.isEmpty() ? operation.first.formatted('"' + word + '"') : ", then "
                    + operation.further);
        }
        if (result.isEmpty()) {
            return operations(word, count, random);
        }
        prompt.setCharAt(0, Character.toUpperCase(prompt.charAt(0)));
        return new Instance(word, prompt.append('.').toString(), Map.of("answer", result, "word", word,
                "results", List.copyOf(results)));
    }

    private static Instance instance(String word, String prompt, String answer) {
        return new Instance(word, prompt, Map.of("answer", answer, "word", word, "results", List.of(answer)));
    }

    /// The only quoted word, or the only word.
    @Override
    public Optional<String> read(String text) {
        Matcher quoted = QUOTED.matcher(text);
        String word = text;
        if (quoted.find()) {
            word = quoted.group(1);
            if (quoted.find()) {
                return Optional.empty();
            }
        } else if (text.indexOf(' ') >= 0) {
            return AnswerNumbers.single(text).map(Object::toString);
        }
        String plain = word.strip().replaceAll("[.!]$", "").toLowerCase(Locale.ROOT);
        return WORD.matcher(plain).matches() ? Optional.of(plain) : Optional.empty();
    }
}
