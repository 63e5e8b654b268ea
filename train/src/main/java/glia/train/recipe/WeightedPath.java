package glia.train.recipe;

import glia.io.CheckpointException;
import java.nio.file.Path;
import java.util.List;

/// A file of training data and its weight in a mixture, written as `file` or `file * 0.3`.
record WeightedPath(Path path, double weight) {
    private static final String TIMES = " * ";

    static WeightedPath parse(Recipe recipe, RecipeKey<List<String>> key, String written) throws CheckpointException {
        String source = source(written);
        if (source.equals(written)) {
            return new WeightedPath(recipe.path(key, written), 1);
        }
        String number = written.substring(written.lastIndexOf(TIMES) + TIMES.length()).strip();
        try {
            double weight = Double.parseDouble(number);
            if (weight > 0 && !Double.isInfinite(weight)) {
                return new WeightedPath(recipe.path(key, source), weight);
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw recipe.error(key, "has the weight '" + number + "' in '" + written + "', expected a number above 0");
    }

    /// What a recipe names, without the weight.
    static String source(String written) {
        int times = written.lastIndexOf(TIMES);
        return times < 0 ? written : written.substring(0, times).strip();
    }

    /// The form that `parse` reads, with the absolute path.
    String written() {
        String file = path.toAbsolutePath().normalize().toString();
        return weight == 1 ? file : file + TIMES + weight;
    }
}
