package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/// Knights and knaves: persons who always lie or never do, and what they say. Exactly one assignment fits.
///
/// The canonical form is the statements in their order, with numbers in place of names.
final class KnightsTask extends NamedTask {
    private static final String RULE = "Each person is a knight or a knave. "
            + "What knights say is true, what knaves say is false. ";

    /// What a person says.
    ///
    /// @param canonical with numbers in place of names
    /// @param text with names
    /// @param holds by each assignment, whose bit `i` is set where person `i` is a knight
    private record Statement(String canonical, String text, IntPredicate holds) { }

    KnightsTask() {
        super("deduction", "knights and knaves with exactly one solution", 2, "two persons", "three persons",
                "four persons", "five persons", "six persons");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int count = level + 1;
        List<String> names = random.shuffled(Names.ALL).subList(0, count);
        while (true) {
            List<Statement> statements = new ArrayList<>();
            for (int speaker = 0; speaker < count; speaker++) {
                statements.add(statement(speaker, names, random));
            }
            List<Integer> solutions = solutions(statements);
            if (solutions.size() == 1) {
                return instance(names, statements, solutions.getFirst());
            }
        }
    }

    private static List<Integer> solutions(List<Statement> statements) {
        List<Integer> solutions = new ArrayList<>();
        for (int knights = 0; knights < 1 << statements.size(); knights++) {
            boolean fits = true;
            for (int speaker = 0; fits && speaker < statements.size(); speaker++) {
                fits = statements.get(speaker).holds().test(knights) == isKnight(knights, speaker);
            }
            if (fits) {
                solutions.add(knights);
            }
        }
        return solutions;
    }

    private static boolean isKnight(int knights, int person) {
        return (knights >> person & 1) == 1;
    }

    private static Statement statement(int speaker, List<String> names, RandomStream random) {
        int count = names.size();
        int other = random.below(count - 1);
        int a = other >= speaker ? other + 1 : other;
        int third = random.below(count);
        int b = third == a ? speaker : third;
        boolean kind = random.chance(0.5);
        String word = kind ? "knight" : "knave";
        String nameB = b == speaker ? "I" : names.get(b);
        switch (random.below(5)) {
            case 0:
                boolean isSame = random.chance(0.5);
                return new Statement((isSame ? "same " : "different ") + Math.min(a, b) + " " + Math.max(a, b),
                        names.get(a) + " and " + nameB + " are of " + (isSame ? "the same kind" : "different kinds")
                                + ".", k -> isKnight(k, a) == isKnight(k, b) == isSame);
            case 1:
                int number = random.between(0, count);
                return new Statement("exactly " + number, "Exactly " + number + " of us " + (number == 1
                        ? "is a knight."
                        : "are knights."), k -> Integer.bitCount(k) == number);
            case 2:
                return new Statement("or " + word + " " + Math.min(a, b) + " " + Math.max(a, b),
                        "At least one of " + names.get(a) + " and " + (b == speaker ? "me" : nameB) + " is a " + word
                                + ".", k -> isKnight(k, a) == kind || isKnight(k, b) == kind);
            default:
                return new Statement(word + " " + a, names.get(a) + " is a " + word + ".",
                        k -> isKnight(k, a) == kind);
        }
    }

    private static Instance instance(List<String> names, List<Statement> statements, int knights) {
        StringBuilder prompt = new StringBuilder(RULE);
        List<String> canonical = new ArrayList<>();
        List<String> answer = new ArrayList<>();
        Map<String, Object> kinds = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            String kind = isKnight(knights, i) ? "knight" : "knave";
            prompt.append(names.get(i)).append(" says: \"").append(statements.get(i).text()).append("\" ");
            canonical.add(statements.get(i).canonical());
            answer.add(names.get(i) + " is a " + kind);
            kinds.put(names.get(i), kind);
        }
        return new Instance(String.join("; ", canonical), prompt + "Who is a knight, and who is a knave?",
                Map.of("answer", String.join(", ", answer), "kinds", kinds, "persons", List.copyOf(names),
                        "statements", List.copyOf(canonical)));
    }

    /// The kind of each named person, sorted by name: `Ann knight, Ben knave`. A kind follows its persons (`Ann and Ben
    /// are knaves`, `Ann: knave`) or precedes them with a colon (`Knights: Ann, Ben`).
    @Override
    public Optional<String> read(String text) {
        Map<String, String> kinds = new TreeMap<>();
        List<String> pending = new ArrayList<>();
        String heading = "";
        for (Names.Word word : Names.words(text)) {
            String lower = word.text().toLowerCase(Locale.ROOT);
            boolean isKind = lower.matches("kn(ight|ave)s?");
            String kind = lower.replaceFirst("s$", "");
            if (Names.NEGATIONS.contains(lower) || lower.endsWith("n't")) {
                return Optional.empty();
            }
            if (isKind && pending.isEmpty()) {
                heading = word.isBeforeColon() ? kind : heading;
                continue;
            }
            boolean isName = Names.ALL.contains(word.text());
            if (isName) {
                pending.add(word.text());
            }
            if (isKind || isName && !heading.isEmpty()) {
                for (String name : pending) {
                    if (kinds.put(name, isKind ? kind : heading) != null) {
                        return Optional.empty();
                    }
                }
                pending.clear();
            }
        }
        return kinds.isEmpty() || !pending.isEmpty() ? Optional.empty() : Optional.of(join(kinds));
    }

    private static String join(Map<String, ?> kinds) {
        List<String> all = new ArrayList<>();
        new TreeMap<>(kinds).forEach((name, kind) -> all.add(name + " " + kind));
        return String.join(", ", all);
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(join(Fields.map(fields, "kinds")));
    }
}
