package glia.reason.task;

import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Captions of drawings with one shape, such as `a large red circle at the top left on white`: 320 captions, whose
/// drawings differ by up to a pixel. Captions of the splits differ.
public final class CaptionTask extends NamedTask {
    private static final int SIDE = 24;
    private static final double LARGE = 5.2;
    private static final double SMALL = 3.2;
    private static final List<String> SIZES = List.of("large", "small");
    private static final List<String> FORMS = List.of("circle", "square", "triangle", "cross");
    private static final List<String> COLORS = List.of("red", "green", "blue", "yellow", "purple");
    private static final List<String> PLACES = List.of("top left", "top right", "bottom left", "bottom right");
    private static final List<String> GROUNDS = List.of("white", "gray");
    private static final Map<String, int[]> RGB = Map.of("red", new int[] {220, 30, 30}, "green",
            new int[] {20, 160, 60}, "blue", new int[] {40, 70, 230}, "yellow", new int[] {240, 210, 0}, "purple",
            new int[] {150, 40, 190}, "white", new int[] {255, 255, 255}, "gray", new int[] {128, 128, 128});

    CaptionTask() {
        super("captions", "say what a drawing of one shape shows; for models that read pictures", 1,
                "a shape of 4 forms, 5 colors, 2 sizes, 4 places, 2 backgrounds");
    }

    /// What a drawing shows.
    private record Scene(String size, String color, String form, String place, String ground) {
        String caption() {
            return "a " + size + " " + color + " " + form + " at the " + place + " on " + ground;
        }

        /// @param dx how far the shape is from the middle of its place
        Pixels draw(int dx, int dy) {
            int[] back = RGB.get(ground);
            Pixels pixels = Pixels.filled(SIDE, SIDE, back[0], back[1], back[2]);
            double left = SIDE * (place.endsWith("left") ? 0.25 : 0.75) + dx;
            double top = SIDE * (place.startsWith("top") ? 0.25 : 0.75) + dy;
            ShapesTask.paint(pixels, form, left, top, size.equals("large") ? LARGE : SMALL, RGB.get(color));
            return pixels;
        }
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        Scene scene = new Scene(random.pick(SIZES), random.pick(COLORS), random.pick(FORMS), random.pick(PLACES),
                random.pick(GROUNDS));
        return new Instance(scene.caption(), "What is this?", Map.of("answer", scene.caption()),
                () -> List.of(Picture.of("drawing", scene.draw(random.between(-1, 1), random.between(-1, 1)).png(),
                        Picture.Limits.DEFAULT)));
    }

    @Override
    public Optional<String> read(String text) {
        String plain = text.strip().toLowerCase(Locale.ROOT);
        return plain.matches("[a-z]{1,12}(?: [a-z]{1,12}){0,15}\\.?") ? Optional.of(plain.replace(".", ""))
                : Optional.empty();
    }

    /// The caption of the drawing of this task that is nearest to a picture, by squared differences of colors.
    ///
    /// @throws IllegalArgumentException if the picture has another size
    public static String recognize(Pixels picture) {
        if (picture.width() != SIDE || picture.height() != SIDE) {
            throw new IllegalArgumentException("a picture of " + picture.width() + " x " + picture.height()
                    + " pixels, expected " + SIDE + " x " + SIDE);
        }
        String best = "";
        long least = Long.MAX_VALUE;
        for (Scene scene : scenes()) {
            for (int shift = 0; shift < 9; shift++) {
                byte[] other = scene.draw(shift % 3 - 1, shift / 3 - 1).rgb();
                long distance = 0;
                for (int i = 0; i < other.length && distance < least; i++) {
                    int difference = (other[i] & 255) - (picture.rgb()[i] & 255);
                    distance += (long) difference * difference;
                }
                if (distance < least) {
                    least = distance;
                    best = scene.caption();
                }
            }
        }
        return best;
    }

    private static List<Scene> scenes() {
        List<Scene> all = new ArrayList<>();
        for (String size : SIZES) {
            for (String color : COLORS) {
                for (String form : FORMS) {
                    for (String place : PLACES) {
                        GROUNDS.forEach(ground -> all.add(new Scene(size, color, form, place, ground)));
                    }
                }
            }
        }
        return all;
    }
}
