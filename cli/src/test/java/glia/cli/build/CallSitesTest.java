package glia.cli.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// Classes behave the same with call sites that the JDK links and with replaced ones.
class CallSitesTest {
    /// All kinds of fields.
    record Everything(boolean z, byte b, char c, short s, int i, long j, float f, double d, Object o, int[] a) { }

    public record Nothing() { }

    public record One(Object value) { }

    /// A call site in an interface.
    interface Shape {
        static String of(Object shape) {
            return switch (shape) {
                case null -> "null";
                case Integer i when i > 3 -> "large " + i;
                case Integer i -> "small " + i;
                case One(Integer i) when i == 1 -> "one 1";
                case One(One(var inner)) -> "one of one of " + inner;
                case One one -> one.toString();
                case CharSequence text when text.isEmpty() -> "empty";
                case String text -> "text " + text;
                case int[] numbers -> "numbers " + numbers.length;
                case Number number -> "number " + number;
                default -> shape.getClass().getSimpleName();
            };
        }
    }

    /// Call sites that are not replaced.
    static final class Others {
        public enum Color { RED, GREEN }

        private Others() { }

        static String of(Object value) {
            return switch (value) {
                case Color c when c == Color.RED -> "red";
                case Color c -> "color " + c;
                case String s when s.equals("x") -> "x";
                default -> "other " + value;
            };
        }

        static int number(String text) {
            return switch (text) {
                case "one" -> 1;
                default -> 0;
            };
        }
    }

    private static final Object[] VALUES = {null, 1, 5, -3, "", "abc", new StringBuilder(), new StringBuilder("x"), 2.5,
        new int[3], new long[0], 'c', new One(1), new One(2), new One(null), new One("x"), new One(new One(7)),
        new One(new One(null)), new Nothing(), List.of()};

    private static byte[] bytes(Class<?> type) throws IOException {
        String file = type.getName().substring(type.getPackageName().length() + 1) + ".class";
        try (InputStream in = Objects.requireNonNull(type.getResourceAsStream(file))) {
            return in.readAllBytes();
        }
    }

    private static byte[] writtenOut(Class<?> type) throws IOException {
        ClassFile classFile = ClassFile.of(ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofClassLoading(type.getClassLoader())));
        return CallSites.writeOut(classFile, bytes(type));
    }

    private static long callSites(byte[] type, String owner) {
        return ClassFile.of().parse(type).methods().stream().flatMap(method -> method.code().stream())
                .flatMap(code -> code.elementStream())
                .filter(element -> element instanceof InvokeDynamicInstruction call
                        && call.bootstrapMethod().owner().descriptorString().contains(owner)).count();
    }

    /// Loads some classes again, with replaced call sites; all others are those of the test.
    private static final class Rewritten extends ClassLoader {
        private final List<String> names = new ArrayList<>();

        Rewritten(Class<?>... types) {
            super(CallSitesTest.class.getClassLoader());
            for (Class<?> type : types) {
                names.add(type.getName());
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!names.contains(name)) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            try {
                byte[] bytes = writtenOut(Class.forName(name));
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    private static Function<Object, Object> method(Class<?> type, Class<?> parameter, String name) throws Exception {
        var method = type.getDeclaredMethod(name, parameter);
        method.setAccessible(true);
        return value -> {
            try {
                return method.invoke(null, value);
            } catch (InvocationTargetException e) {
                return e.getCause().getClass();
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    @Test
    void switchesChooseTheSameCase() throws Exception {
        assertTrue(callSites(bytes(Shape.class), "SwitchBootstraps") > 0);
        assertEquals(0, callSites(writtenOut(Shape.class), "SwitchBootstraps"));
        var before = method(Shape.class, Object.class, "of");
        var after = method(new Rewritten(Shape.class).loadClass(Shape.class.getName()), Object.class, "of");
        assertNotSame(before, after);
        for (Object value : VALUES) {
            assertEquals(before.apply(value), after.apply(value), () -> "for " + value);
        }
    }

    @Test
    void otherSwitchesWork() throws Exception {
        Class<?> rewritten = new Rewritten(Others.class).loadClass(Others.class.getName());
        for (Object value : new Object[] {null, Others.Color.RED, Others.Color.GREEN, "x", "y", 3}) {
            assertEquals(method(Others.class, Object.class, "of").apply(value),
                    method(rewritten, Object.class, "of").apply(value));
        }
    }

    @Test
    void recordsAreEqualAndHashedAsBefore() throws Exception {
        assertTrue(callSites(bytes(Everything.class), "ObjectMethods") > 2);
        assertEquals(1, callSites(writtenOut(Everything.class), "ObjectMethods"), "toString is left");
        Class<?> rewritten = new Rewritten(Everything.class).loadClass(Everything.class.getName());
        var constructor = rewritten.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        int[] array = {1};
        Object[][] fields = {
            {false, (byte) 0, 'a', (short) 0, 0, 0L, 0f, 0d, null, null},
            {true, (byte) -128, '\uffff', Short.MIN_VALUE, Integer.MIN_VALUE, Long.MIN_VALUE, Float.NaN, Double.NaN,
                "x", array},
            {true, (byte) 127, '\0', Short.MAX_VALUE, -1, -1L, -0f, -0d, new One(Double.NaN), new int[] {1}},
        };
        List<Object[]> all = new ArrayList<>(List.of(fields));
        for (Object[] one : fields) {
            for (int i = 0; i < one.length; i++) {
                Object[] changed = one.clone();
                changed[i] = fields[0][i] == one[i] ? fields[1][i] : fields[0][i];
                all.add(changed);
            }
        }
        for (Object[] a : all) {
            Everything before = everything(a);
            Object after = constructor.newInstance(a);
            assertEquals(before.hashCode(), after.hashCode());
            assertFalse(after.equals(before), "of another class");
            assertFalse(after.equals(null));
            for (Object[] b : all) {
                assertEquals(before.equals(everything(b)), after.equals(constructor.newInstance(b)));
            }
        }
    }

    private static Everything everything(Object[] f) {
        return new Everything((boolean) f[0], (byte) f[1], (char) f[2], (short) f[3], (int) f[4], (long) f[5],
                (float) f[6], (double) f[7], f[8], (int[]) f[9]);
    }

    @Test
    void recordsWithoutFieldsAreEqual() throws Exception {
        var constructor = new Rewritten(Nothing.class).loadClass(Nothing.class.getName()).getDeclaredConstructor();
        constructor.setAccessible(true);
        assertEquals(constructor.newInstance(), constructor.newInstance());
        assertEquals(new Nothing().hashCode(), constructor.newInstance().hashCode());
    }

    @Test
    void aClassWithoutSuchCallSitesStaysAsItIs() throws IOException {
        byte[] bytes = bytes(CallSitesTest.class);
        assertSame(bytes, CallSites.writeOut(ClassFile.of(), bytes));
    }
}
