package glia.reason.task;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// Runs programs that [ProgramWriter] wrote in the user's Python 3, one process for all of them. It is no sandbox:
/// texts of models and of files run in [glia.reason.sandbox.Sandbox].
public final class PythonPrograms {
    private static final String PYTHON = System.getProperty("os.name").startsWith("Windows") ? "python" : "python3";
    /// A line of JSON for each program. An assignment to a name is followed by a note of its value.
    private static final String DRIVER = """
            import ast, contextlib, io, json, sys
            class Notes(ast.NodeTransformer):
                def note(self, target):
                    if not isinstance(target, ast.Name): return []
                    return ast.parse(f"__note({target.id!r}, {target.id})").body
                def visit_Assign(self, node): return [node] + [n for t in node.targets for n in self.note(t)]
                def visit_AugAssign(self, node): return [node] + self.note(node.target)
                def visit_For(self, node):
                    self.generic_visit(node)
                    node.body[:0] = self.note(node.target)
                    return node
            for line in sys.stdin:
                output, notes = io.StringIO(), []
                tree = ast.fix_missing_locations(Notes().visit(ast.parse(json.loads(line))))
                with contextlib.redirect_stdout(output):
                    try: exec(compile(tree, "program", "exec"), {"__note": lambda n, v: notes.append(f"{n}={v}")})
                    except Exception: output.truncate(output.seek(0))
                print(json.dumps([output.getvalue(), notes]), flush=True)
            """;
    private static Process process;

    /// What a program did.
    ///
    /// @param output what it printed; empty if it failed
    /// @param assignments to names, in the order of execution, such as `a=20`
    public record Result(String output, List<String> assignments) { }

    private PythonPrograms() { }

    /// Runs a program, which must end.
    ///
    /// @throws IllegalArgumentException if there is no Python 3
    static synchronized Result run(String source) {
        try {
            if (process == null || !process.isAlive()) {
                process = new ProcessBuilder(PYTHON, "-I", "-S", "-X", "utf8", "-c", DRIVER)
                        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            }
            Writer requests = process.outputWriter(StandardCharsets.UTF_8);
            requests.write(JsonTree.of(source) + "\n");
            requests.flush();
            BufferedReader replies = process.inputReader(StandardCharsets.UTF_8);
            if (JsonValues.parse(String.valueOf(replies.readLine())) instanceof List<?> reply) {
                return new Result((String) reply.getFirst(), ((List<?>) reply.getLast()).stream()
                        .map(String.class::cast).toList());
            }
            throw new IOException("it ended");
        } catch (IOException e) {
            throw new IllegalArgumentException("the task programs: " + PYTHON + ", which computes what its programs "
                    + "print, cannot be run (" + e.getMessage() + "); install Python 3, or leave the task out", e);
        }
    }

    /// The assignments of the program of a problem.
    public static List<String> assignments(Map<String, Object> fields) {
        return run(Fields.text(fields, "program")).assignments();
    }
}
