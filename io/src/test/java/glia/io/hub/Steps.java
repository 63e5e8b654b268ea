package glia.io.hub;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Records the calls of a [Progress] and checks its contract.
class Steps implements Progress {
    final List<String> steps = Collections.synchronizedList(new ArrayList<>());
    final List<String> finished = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void step(String oneLine) {
        if (oneLine.isBlank() || oneLine.contains("\n")) {
            throw new AssertionError("not one line: " + oneLine);
        }
        steps.add(oneLine);
    }

    @Override
    public void advance(String what, long doneBytes, long totalBytes) {
        if (doneBytes < 0) {
            throw new AssertionError(what + " at " + doneBytes);
        }
        if (doneBytes == totalBytes) {
            finished.add(what);
        }
    }

    boolean said(String part) {
        return steps.stream().anyMatch(step -> step.contains(part));
    }
}
