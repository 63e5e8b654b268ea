package glia.reason.task;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// The order of runners in a race from clues, each of them necessary. Exactly one order fits.
///
/// The canonical form is the clues, sorted, with the places of the runners in place of their names.
final class OrderingTask extends NamedTask {
    /// A clue.
    ///
    /// @param canonical with places in place of names
    /// @param text with names
    /// @param holds by each order: element `i` is the place of runner `i`
    private record Clue(String canonical, String text, Predicate<int[]> holds) { }

    /// All orders of three to six runners; the first is that of their numbers.
    private static final List<List<int[]>> ORDERS = IntStream.rangeClosed(3, 6).mapToObj(count -> {
        List<int[]> orders = new ArrayList<>();
        permutations(new ArrayList<>(), count, orders);
        return List.copyOf(orders);
    }).toList();

    OrderingTask() {
        super("ordering", "the order of runners from clues with exactly one solution", 2, "three runners",
                "four runners", "five runners", "six runners");
    }

    /// Runner `i` is the one in place `i` of the solution.
    @Override
    public Instance draw(int level, RandomStream random) {
        int count = level + 2;
        List<String> names = random.shuffled(Names.ALL).subList(0, count);
        List<int[]> orders = ORDERS.get(level - 1);
        List<Clue> clues = new ArrayList<>();
        Set<String> known = new HashSet<>();
        List<int[]> left = orders;
        while (left.size() > 1) {
            Clue clue = clue(names, random);
            if (clue.holds().test(orders.getFirst()) && known.add(clue.canonical())) {
                clues.add(clue);
                left = left.stream().filter(clue.holds()).toList();
            }
        }
        for (Clue clue : List.copyOf(clues)) {
            List<Clue> others = new ArrayList<>(clues);
            others.remove(clue);
            if (orders.stream().filter(order -> others.stream().allMatch(other -> other.holds().test(order))).limit(2)
                    .count() == 1) {
                clues.remove(clue);
            }
        }
        StringBuilder prompt = new StringBuilder();
        List<String> runners = random.shuffled(names);
        prompt.append(String.join(", ", runners.subList(0, count - 1))).append(" and ").append(runners.getLast())
                .append(" ran a race.");
        random.shuffled(clues).forEach(clue -> prompt.append(' ').append(clue.text()));
        prompt.append(" In what order did they finish?");
        return new Instance(String.join("; ", clues.stream().map(Clue::canonical).sorted().toList()) + " of " + count,
                prompt.toString(), Map.of("answer", String.join(", ", names), "order", List.copyOf(names),
                        "clues", clues.stream().map(Clue::canonical).toList()));
    }

    private static void permutations(List<Integer> begun, int count, List<int[]> all) {
        if (begun.size() == count) {
            all.add(begun.stream().mapToInt(Integer::intValue).toArray());
        }
        for (int i = 0; i < count; i++) {
            if (!begun.contains(i)) {
                begun.add(i);
                permutations(begun, count, all);
                begun.removeLast();
            }
        }
    }

    private static Clue clue(List<String> names, RandomStream random) {
        int count = names.size();
        int a = random.below(count);
        int b = (a + 1 + random.below(count - 1)) % count;
        String first = names.get(a);
        String second = names.get(b);
        switch (random.below(6)) {
            case 0:
                return new Clue("next " + a + " " + b, first + " finished right before " + second + ".",
                        places -> places[a] + 1 == places[b]);
            case 1:
                boolean isFirst = random.chance(0.5);
                return new Clue((isFirst ? "not first " : "not last ") + a, first + " did not finish "
                        + (isFirst ? "first." : "last."), places -> places[a] != (isFirst ? 0 : count - 1));
            case 2:
                int place = random.below(count);
                return new Clue("place " + a + " " + place, first + " finished in place " + (place + 1) + ".",
                        places -> places[a] == place);
            case 3:
                return new Clue("apart " + Math.min(a, b) + " " + Math.max(a, b), "Exactly one runner finished between "
                        + first + " and " + second + ".",
                        places -> Math.abs(places[a] - places[b]) == 2);
            default:
                return new Clue("before " + a + " " + b, first + " finished before " + second + ".",
                        places -> places[a] < places[b]);
        }
    }

    /// The names in their order, with a comma between each two; each at most once.
    @Override
    public Optional<String> read(String text) {
        List<String> order = new ArrayList<>();
        for (Names.Word word : Names.words(text)) {
            String lower = word.text().toLowerCase(Locale.ROOT);
            if (Names.NEGATIONS.contains(lower) || lower.endsWith("n't") || lower.equals("after")
                    || lower.equals("reverse") || order.contains(word.text())) {
                return Optional.empty();
            }
            if (Names.ALL.contains(word.text())) {
                order.add(word.text());
            }
        }
        return order.isEmpty() || text.indexOf('<') >= 0 ? Optional.empty() : Optional.of(String.join(", ", order));
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(String.join(", ", Fields.texts(fields, "order")));
    }
}
