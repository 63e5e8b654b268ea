package glia.check.reference;

import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// A group of cases with results of a reference library: one folder with inputs, parameters and expected numbers.
@FunctionalInterface
public interface CaseGroup {
    /// Runs all cases of the group.
    ///
    /// @param folder the group's folder
    /// @param goldens the folder that holds base checkpoints by name, a sibling of the tree of groups
    /// @param kernels the backend that computes
    /// @param results receives the result of each case as soon as it is known; a case with parameters that are not
    ///        supported gets a result with an error
    /// @throws IOException if the group's files cannot be read
    void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException;

    /// The cases of a folder that the group does not run, because they are of kinds that it does not know.
    ///
    /// @throws IOException if the folder cannot be read
    default List<String> unknown(Path folder) throws IOException {
        return List.of();
    }
}
