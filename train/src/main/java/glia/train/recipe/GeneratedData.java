package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.train.recipe.RecipeExtension.DataGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/// Training data that an extension generates, as JSONL files in the folder of a run.
final class GeneratedData {
    private static final int LINES = 4096;

    private GeneratedData() { }

    /// Whether a recipe's path names such data.
    static boolean isNamed(String written) {
        return generator(written).isPresent();
    }

    private static Optional<DataGenerator> generator(String written) {
        return RecipeExtensions.generators().stream().filter(g -> written.startsWith(g.prefix() + ":")).findFirst();
    }

    /// Reads the names of all data that a recipe generates.
    ///
    /// @throws CheckpointException if one is not of its generator's form
    static void check(Recipe recipe) throws CheckpointException {
        for (RecipeKey<List<String>> key : RunRecipe.FILES) {
            for (String written : recipe.find(key).orElse(List.of())) {
                if (isNamed(written)) {
                    parse(recipe, key, WeightedPath.source(written));
                }
            }
        }
    }

    private static DataGenerator.Lines parse(Recipe recipe, RecipeKey<?> key, String written)
            throws CheckpointException {
        DataGenerator generator = generator(written).orElseThrow();
        try {
            return generator.parse(written.substring(generator.prefix().length() + 1));
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, "names '" + written + "': " + e.getMessage());
        }
    }

    /// Writes the data into the folder of a run, unless they are there. The file is named by a hash of the text that
    /// names them.
    ///
    /// @throws CheckpointException if the text is not of its generator's form, or the file cannot be written
    static Path write(Recipe recipe, RecipeKey<?> key, String written, RunFolder folder) throws CheckpointException {
        DataGenerator.Lines lines = parse(recipe, key, written);
        String hash = UUID.nameUUIDFromBytes(written.getBytes(StandardCharsets.UTF_8)).toString().substring(0, 8);
        Path file = folder.data().resolve(lines.name() + "-" + hash + ".jsonl");
        if (Files.exists(file)) {
            return file;
        }
        try {
            Files.createDirectories(folder.data());
        } catch (IOException e) {
            throw new CheckpointException(folder.data(), "", "cannot be made: " + e.getMessage(), e);
        }
        try {
            write(lines, file);
        } catch (UncheckedIOException e) {
            throw recipe.error(key, "names '" + written + "': " + e.getCause().getMessage());
        }
        return file;
    }

    private static void write(DataGenerator.Lines lines, Path file) throws CheckpointException {
        AtomicFile.write(file, AtomicFile.IfExists.REPLACE, out -> {
            for (long from = 0; from < lines.count(); from += LINES) {
                String block = LongStream.range(from, Math.min(lines.count(), from + LINES)).parallel()
                        .mapToObj(lines.line())
                        .filter(line -> !line.isEmpty()).map(line -> line + "\n").collect(Collectors.joining());
                out.write(block.getBytes(StandardCharsets.UTF_8));
            }
        });
    }
}
