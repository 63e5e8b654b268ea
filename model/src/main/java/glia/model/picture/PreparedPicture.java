package glia.model.picture;

import glia.model.block.Input;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a processor makes of one picture: the interface between processors and towers.
///
/// @param pixels F32: patches `[F, K]` in the tower's order, or pictures `[tiles, channels, height, width]`
/// @param grid of patches: time, rows, columns; empty for pictures
/// @param height of the picture before it was cut to tiles, in pixels, as the tower counts
/// @param text what stands for the picture in a prompt, with [#PLACE] for each run of placeholders
/// @param runs the number of placeholders of each run
/// @param together of a film with a run for each step of time, how many steps see each other
public record PreparedPicture(Tensor pixels, List<Integer> grid, int height, int width, String text,
        List<Integer> runs, int together) {
    /// A run of placeholders in a text: the object replacement character of Unicode.
    public static final char PLACE = '\ufffc';

    /// Copies the lists.
    public PreparedPicture {
        grid = List.copyOf(grid);
        runs = List.copyOf(runs);
    }

    /// Steps of time that do not see each other.
    public PreparedPicture(Tensor pixels, List<Integer> grid, int height, int width, String text, List<Integer> runs) {
        this(pixels, grid, height, width, text, runs, 1);
    }

    static PreparedPicture ofPatches(Tensor patches, int time, int rows, int columns, int side, String text) {
        return new PreparedPicture(patches, List.of(time, rows, columns), rows, columns, text,
                List.of(time * (rows / side) * (columns / side)));
    }

    /// The number of placeholders.
    public int numPlaceholders() {
        return runs.stream().mapToInt(Integer::intValue).sum();
    }

    /// The text with the placeholders written out.
    public String expansion(String placeholder) {
        StringBuilder all = new StringBuilder();
        int run = 0;
        for (char c : text.toCharArray()) {
            all.append(c == PLACE ? placeholder.repeat(runs.get(run++)) : String.valueOf(c));
        }
        return all.toString();
    }

    /// The rows of each run, for a tower of the model.
    ///
    /// @throws IllegalArgumentException if the tower makes others of this picture
    public List<Input.Rows> rows(Tower tower, int number) {
        List<Input.Rows> rows = new ArrayList<>();
        if (!grid.isEmpty() && grid.getFirst() > 1 && runs.size() == grid.getFirst()) {
            // Frames of a film with text between them.
            int each = grid.get(1) * grid.get(2);
            for (int i = 0; i < grid.getFirst(); i += together) {
                int end = Math.min(grid.getFirst(), i + together);
                rows.addAll(Input.Rows.of(tower, number, pixels.rows(i * each, end * each), end - i, grid.get(1),
                        grid.get(2)).runs(runs.subList(i, end)));
            }
        } else if (!grid.isEmpty()) {
            // What is left over is padding.
            Tensor own = pixels.rows(0, Math.min(pixels.rows(), grid.get(0) * grid.get(1) * grid.get(2)));
            rows.add(Input.Rows.of(tower, number, own, grid.get(0), grid.get(1), grid.get(2)));
        } else if (tower.projector().stream().anyMatch(Tower.Step.Tiled.class::isInstance)) {
            rows.add(Input.Rows.ofTiles(tower, number, pixels, height, width));
        } else {
            long[] shape = Arrays.copyOfRange(pixels.shape(), 1, 4);
            long bytes = pixels.sizeBytes() / pixels.shape()[0];
            for (int i = 0; i < pixels.shape()[0]; i++) {
                rows.add(Input.Rows.ofPixels(tower, number, pixels.view(i * bytes, DType.F32, shape)));
            }
        }
        if (rows.size() == 1 && rows.getFirst().count() == numPlaceholders()) {
            return rows.getFirst().runs(runs);
        }
        List<Integer> counts = rows.stream().map(Input.Rows::count).toList();
        if (!counts.equals(runs)) {
            throw new IllegalArgumentException("the model's tower makes " + counts + " embeddings of the picture, "
                    + "its processor expects " + runs + "; config.json and preprocessor_config.json do not agree");
        }
        return rows;
    }
}
