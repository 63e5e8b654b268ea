package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Random context-free grammars, ambiguous and recursive in all ways, against the texts that are derived from them by
/// applying all rules until nothing is new.
class RandomGrammarTest {
    private static final int LENGTH = 5;
    private static final int RULES = 3;

    /// The alternatives of each rule. A number stands for a rule, a letter for itself.
    private static List<List<String>> random(Random random) {
        return IntStream.range(0, RULES).mapToObj(_ -> IntStream.range(0, 1 + random.nextInt(3))
                .mapToObj(_ -> random.ints(random.nextInt(4), 0, RULES + 2)
                        .mapToObj(i -> i < RULES ? Integer.toString(i) : i == RULES ? "a" : "b")
                        .collect(Collectors.joining())).toList()).toList();
    }

    private static String gbnf(List<List<String>> rules) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rules.size(); i++) {
            text.append(i == 0 ? "root" : "r" + i).append(" ::= ").append(rules.get(i).stream()
                    .map(alternative -> alternative.isEmpty() ? "\"\"" : alternative.chars()
                            .mapToObj(c -> c == '0' ? "root" : c < 'a' ? "r" + (c - '0') : "\"" + (char) c + "\"")
                            .collect(Collectors.joining(" ")))
                    .collect(Collectors.joining(" | "))).append("\n");
        }
        return text.toString();
    }

    /// The texts of the first rule up to a length.
    private static Set<String> derived(List<List<String>> rules) {
        List<Set<String>> texts = new ArrayList<>();
        rules.forEach(_ -> texts.add(new HashSet<>()));
        boolean isNew = true;
        while (isNew) {
            isNew = false;
            for (int i = 0; i < rules.size(); i++) {
                for (String alternative : rules.get(i)) {
                    isNew |= texts.get(i).addAll(derived(alternative, texts));
                }
            }
        }
        return texts.getFirst();
    }

    private static Set<String> derived(String alternative, List<Set<String>> texts) {
        Set<String> all = Set.of("");
        for (char part : alternative.toCharArray()) {
            Set<String> next = part < 'a' ? texts.get(part - '0') : Set.of(String.valueOf(part));
            all = all.stream().flatMap(begin -> next.stream().map(begin::concat))
                    .filter(text -> text.length() <= LENGTH).collect(Collectors.toSet());
        }
        return all;
    }

    @Test
    void textsAreThoseOfTheRules() {
        Random random = new Random(7);
        int numUsed = 0;
        for (int i = 0; i < 400; i++) {
            List<List<String>> rules = random(random);
            Set<String> expected = derived(rules);
            Grammar grammar;
            try {
                grammar = Grammar.gbnf(gbnf(rules));
            } catch (GrammarException e) {
                assertEquals(GrammarException.Kind.UNSATISFIABLE, e.kind());
                assertTrue(expected.isEmpty(), gbnf(rules));
                continue;
            }
            numUsed++;
            ContextFreeGrammarTest.compare(grammar, "ab", LENGTH, expected::contains);
        }
        assertTrue(numUsed > 200);
    }
}
