package glia.reason.task;

import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Questions about drawings: shapes of three forms, colours and two sizes on a grid of three lines and columns, to be
/// counted, compared and located. The canonical form is that of the drawing, whatever is asked, so splits share no
/// drawing.
final class ShapesTask extends NamedTask {
    /// The side of a drawing and of a place of its grid, in pixels.
    private static final int SIDE = 48;
    private static final int CELL = 16;
    private static final int ACROSS = SIDE / CELL;
    private static final int SMALL = 4;
    private static final int LARGE = 7;
    private static final List<String> FORMS = List.of("circle", "square", "triangle");
    private static final Map<String, int[]> COLORS = Map.of("red", new int[] {220, 30, 30},
            "green", new int[] {20, 160, 60}, "blue", new int[] {40, 70, 230});
    private static final List<String> COLOR_NAMES = List.of("red", "green", "blue");
    private static final List<String> LINES = List.of("top", "middle", "bottom");
    private static final List<String> COLUMNS = List.of("left", "center", "right");
    private static final List<String> NUMBERS = List.of("zero", "one", "two", "three", "four", "five", "six", "seven",
            "eight", "nine");
    private static final List<String> KINDS = List.of("count", "compare", "locate");
    /// The most shapes by level.
    private static final int[] MOST = {3, 6, 9};
    private static final Pattern WORDS = Pattern.compile("[a-z0-9]{1,9}(?: [a-z0-9]{1,9}){0,15}\\.?");
    private static final Set<String> FILLERS = Set.of("the", "is", "are", "there", "in", "at", "it", "shape", "shapes",
            "corner", "larger", "more");
    private static final Map<String, String> SYNONYMS = Map.of("upper", "top", "lower", "bottom", "centre", "center",
            "central", "center", "same", "equal", "equally", "equal");
    private static final Set<String> KNOWN = new HashSet<>();

    static {
        List.of(FORMS, COLOR_NAMES, LINES, COLUMNS, List.of("equal")).forEach(KNOWN::addAll);
    }

    /// @param cell its place of the grid, line by line
    private record Shape(String form, String color, boolean isLarge, int cell) {
        String name() {
            return color + " " + form;
        }

        String place() {
            return LINES.get(cell / ACROSS) + " " + COLUMNS.get(cell % ACROSS);
        }

        @Override
        public String toString() {
            return (isLarge ? "large " : "small ") + name() + " at the " + place();
        }

    }

    private record Question(String text, String answer) { }

    ShapesTask() {
        super("shapes", "count, compare and locate the shapes of a drawing; for models that read pictures", 1,
                "2 or 3 shapes", "4 to 6 shapes", "7 to 9 shapes");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int count = random.between(level == 1 ? 2 : MOST[level - 2] + 1, MOST[level - 1]);
        List<Integer> cells = random.shuffled(IntStream.range(0, ACROSS * ACROSS).boxed().toList()).subList(0, count);
        List<Shape> shapes = new ArrayList<>();
        for (int cell : cells) {
            shapes.add(new Shape(random.pick(FORMS), random.pick(COLOR_NAMES), random.chance(0.5), cell));
        }
        String kind = random.pick(KINDS);
        Optional<Question> asked = switch (kind) {
            case "compare" -> compared(shapes, random);
            case "locate" -> located(shapes, random);
            default -> Optional.empty();
        };
        Question question = asked.orElseGet(() -> counted(shapes, random));
        List<String> names = shapes.stream().map(Shape::toString).sorted().toList();
        return new Instance(String.join(", ", names), question.text, Map.of("answer", question.answer, "kind",
                asked.isPresent() ? kind : KINDS.getFirst(), "shapes", names), () -> List.of(drawing(shapes, random)));
    }

    private static Question counted(List<Shape> shapes, RandomStream random) {
        String word = random.pick(List.of("", random.pick(COLOR_NAMES), random.pick(FORMS)));
        long count = shapes.stream().filter(s -> word.isEmpty() || s.name().contains(word)).count();
        String what = word.isEmpty() ? "shapes" : FORMS.contains(word) ? word + "s" : word + " shapes";
        return new Question("How many " + what + " are there?", Long.toString(count));
    }

    /// Of two shapes the larger one, or of two colours the one of more shapes.
    private static Optional<Question> compared(List<Shape> shapes, RandomStream random) {
        List<Shape> named = unique(shapes);
        List<Shape> large = named.stream().filter(Shape::isLarge).toList();
        List<Shape> small = named.stream().filter(s -> !s.isLarge).toList();
        if (!large.isEmpty() && !small.isEmpty() && random.chance(0.5)) {
            Shape right = random.pick(large);
            List<String> both = random.shuffled(List.of(right.name(), random.pick(small).name()));
            return Optional.of(new Question("Which is larger, the " + both.get(0) + " or the " + both.get(1) + "?",
                    right.name()));
        }
        List<String> colors = random.shuffled(COLOR_NAMES).subList(0, 2);
        List<Long> counts = colors.stream().map(c -> shapes.stream().filter(s -> s.color.equals(c)).count()).toList();
        int order = counts.get(0).compareTo(counts.get(1));
        return Optional.of(new Question("Are there more " + colors.get(0) + " or " + colors.get(1) + " shapes?",
                order == 0 ? "equal" : colors.get(order > 0 ? 0 : 1)));
    }

    private static Optional<Question> located(List<Shape> shapes, RandomStream random) {
        List<Shape> named = unique(shapes);
        if (named.isEmpty()) {
            return Optional.empty();
        }
        Shape shape = random.pick(named);
        return Optional.of(new Question("Where is the " + shape.name() + "?", shape.place()));
    }

    /// The shapes that form and colour tell apart from all others.
    private static List<Shape> unique(List<Shape> shapes) {
        List<String> names = shapes.stream().map(Shape::name).toList();
        return shapes.stream().filter(s -> Collections.frequency(names, s.name()) == 1).toList();
    }

    /// Fills the pixels of a shape, whose middles it covers.
    ///
    /// @param left of its middle
    /// @param r its radius, in pixels
    static void paint(Pixels pixels, String form, double left, double top, double r, int[] rgb) {
        for (int y = 0; y < pixels.height(); y++) {
            for (int x = 0; x < pixels.width(); x++) {
                if (covers(form, x + 0.5 - left, y + 0.5 - top, r)) {
                    for (int c = 0; c < rgb.length; c++) {
                        pixels.rgb()[3 * (y * pixels.width() + x) + c] = (byte) rgb[c];
                    }
                }
            }
        }
    }

    /// @param x relative to the middle of the form
    private static boolean covers(String form, double x, double y, double r) {
        return switch (form) {
            case "circle" -> x * x + y * y <= r * r;
            case "square" -> Math.max(Math.abs(x), Math.abs(y)) <= 0.85 * r;
            case "cross" -> Math.min(Math.abs(x), Math.abs(y)) <= 0.3 * r && Math.max(Math.abs(x), Math.abs(y)) <= r;
            default -> y <= r && 2 * Math.abs(x) <= y + r;
        };
    }

    private static Picture drawing(List<Shape> shapes, RandomStream random) {
        Pixels pixels = Pixels.filled(SIDE, SIDE, 255, 255, 255);
        for (Shape shape : shapes) {
            // A large shape fills its place but for one pixel on each side.
            int room = CELL / 2 - 1 - (shape.isLarge ? LARGE : SMALL);
            double left = shape.cell % ACROSS * CELL + CELL / 2.0 + random.between(-room, room);
            double top = shape.cell / ACROSS * CELL + CELL / 2.0 + random.between(-room, room);
            paint(pixels, shape.form, left, top, shape.isLarge ? LARGE : SMALL, COLORS.get(shape.color));
        }
        return Picture.of("drawing", pixels.png(), Picture.Limits.DEFAULT);
    }

    /// A number in digits or as a word, colours and forms, or a place: line and column, in this order or the other.
    /// Articles, verbs and the words of the question may stand around it.
    @Override
    public Optional<String> read(String text) {
        String plain = text.strip().toLowerCase(Locale.ROOT).replaceAll("[ -]+", " ");
        if (!WORDS.matcher(plain).matches()) {
            return Optional.empty();
        }
        List<String> found = new ArrayList<>();
        for (String written : plain.replace(".", "").split(" ")) {
            String word = SYNONYMS.getOrDefault(written, written);
            int number = NUMBERS.indexOf(word);
            String singular = word.endsWith("s") ? word.substring(0, word.length() - 1) : word;
            String known = number >= 0 ? Integer.toString(number) : FORMS.contains(singular) ? singular : word;
            if (known.matches("\\d{1,3}") || KNOWN.contains(known)) {
                found.add(known);
            } else if (!FILLERS.contains(known)) {
                return Optional.empty();
            }
        }
        if (found.size() == 2 && COLUMNS.contains(found.get(0)) && LINES.contains(found.get(1))) {
            Collections.reverse(found);
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(found.stream().collect(Collectors.joining(" ")));
    }
}
