package glia.train.report;

import glia.io.FileErrors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Reports the first failed write of a file. A record that cannot be written does not end a run.
final class WarnOnce {
    private final Path file;
    private final Consumer<String> warnings;
    private boolean warned;

    WarnOnce(Path file, Consumer<String> warnings) {
        this.file = file;
        this.warnings = warnings;
    }

    void failed(IOException e) {
        if (!warned) {
            warned = true;
            warnings.accept(file + " cannot be written: " + FileErrors.reason(e)
                    + "; training goes on, and writing is tried again. What is missing is not reported again");
        }
    }
}
