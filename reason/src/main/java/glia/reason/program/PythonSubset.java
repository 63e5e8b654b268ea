package glia.reason.program;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Runs programs in a small subset of Python in this process, with limits on steps, memory and output, and without any
/// access to files, the network or the JVM.
///
/// There are integers, strings, booleans, lists and `None`; assignments, `if`, `while`, `for … in`, `def`, `return`,
/// `break`, `continue`, `pass`; slices, conditional expressions, chains of comparisons; the functions `print`, `len`,
/// `range`, `abs`, `min`, `max`, `sum`, `sorted`, `str`, `int`, `bool`, `list`, `chr`, `ord`, `any`, `all`; the usual
/// methods of strings and lists. What the subset has means what it means in Python 3. Numbers with fractions, keyword
/// arguments, tuples, dictionaries, classes and imports are errors.
public final class PythonSubset {
    private PythonSubset() { }

    /// Runs a program.
    ///
    /// @return what it printed, and an error if it cannot be parsed, fails, or reaches a limit
    public static Execution run(String source, Limits limits) {
        Interpreter interpreter = new Interpreter(limits);
        try {
            interpreter.run(Parser.parse(source));
            return new Execution(interpreter.output(), Optional.empty());
        } catch (ProgramException e) {
            return new Execution(interpreter.output(), Optional.of(e.getMessage()));
        }
    }

    /// Runs a program.
    ///
    /// @return its assignments to names in the order of execution, such as `a=20`, up to its end or its error
    public static List<String> assignments(String source, Limits limits) {
        List<String> all = new ArrayList<>();
        try {
            new Interpreter(limits, Optional.of(all::add)).run(Parser.parse(source));
        } catch (ProgramException e) {
            return List.copyOf(all);
        }
        return List.copyOf(all);
    }
}
