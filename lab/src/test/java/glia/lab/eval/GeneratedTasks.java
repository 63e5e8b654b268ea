package glia.lab.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/// The built-in tasks that are generated from a seed.
final class GeneratedTasks {
    private static final int NUM_ARITHMETIC = 100;
    private static final int NUM_STRINGS = 40;

    private GeneratedTasks() { }

    /// Sums, differences, products and quotients of small numbers.
    static String arithmetic() {
        List<String> lines = new ArrayList<>();
        lines.add("{\"task\": \"arithmetic\", \"kind\": \"generate\", \"description\": \"Sums, differences, products "
                + "and quotients of small numbers\", \"shots\": 4, \"max_tokens\": 12, \"normalize\": [\"strip\", "
                + "\"numbers\"]}");
        Random random = new Random(1);
        for (int i = 0; i < 4; i++) {
            lines.add(arithmeticLine(random, "example-" + i, i % 4, true));
        }
        for (int i = 0; i < NUM_ARITHMETIC; i++) {
            lines.add(arithmeticLine(random, "arithmetic-" + i, i % 4, false));
        }
        return String.join("\n", lines) + "\n";
    }

    private static String arithmeticLine(Random random, String id, int kind, boolean example) {
        int a = 2 + random.nextInt(98);
        int b = 2 + random.nextInt(98);
        int small = 2 + random.nextInt(11);
        String question = switch (kind) {
            case 0 -> a + " + " + b;
            case 1 -> Math.max(a, b) + " - " + Math.min(a, b);
            case 2 -> a + " * " + small;
            default -> a * small + " / " + small;
        };
        int answer = switch (kind) {
            case 0 -> a + b;
            case 1 -> Math.abs(a - b);
            case 2 -> a * small;
            default -> a;
        };
        return line(id, "Question: What is " + question + "?\\nAnswer:", Integer.toString(answer), example);
    }

    /// Copies, sorted and reversed sequences of letters.
    static String strings() {
        List<String> lines = new ArrayList<>();
        lines.add("{\"task\": \"strings\", \"kind\": \"generate\", \"description\": \"Copy, sort and reverse "
                + "letters\", \"shots\": 6, \"separator\": \"\\n\", \"max_tokens\": 24}");
        Random random = new Random(2);
        for (int i = 0; i < 6; i++) {
            lines.add(stringsLine(random, "example-" + i, i % 3, true));
        }
        for (int i = 0; i < NUM_STRINGS; i++) {
            lines.add(stringsLine(random, "strings-" + i, i % 3, false));
        }
        return String.join("\n", lines) + "\n";
    }

    private static String stringsLine(Random random, String id, int kind, boolean example) {
        List<String> letters = random.ints(3 + random.nextInt(4), 'a', 'z' + 1).mapToObj(Character::toString).toList();
        List<String> answer = switch (kind) {
            case 0 -> letters;
            case 1 -> letters.stream().sorted().toList();
            default -> letters.reversed();
        };
        String verb = List.of("copy", "sort", "reverse").get(kind);
        return line(id, verb + ": " + letters.stream().collect(Collectors.joining(" ")) + " =>",
                String.join(" ", answer), example);
    }

    private static String line(String id, String prompt, String answer, boolean example) {
        return "{\"id\": \"" + id + "\", " + (example ? "\"example\": true, " : "") + "\"prompt\": \"" + prompt
                + "\", \"answer\": \"" + answer + "\"}";
    }
}
