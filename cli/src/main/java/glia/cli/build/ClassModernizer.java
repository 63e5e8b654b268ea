package glia.cli.build;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/// Rewrites jars so that an AOT cache can hold all of their classes.
///
/// Call sites that the JDK would link at each start are replaced (`CallSites`). AOT caches exclude classes before
/// version 50, which lack stack maps (JVMS 4.7.4) and need the old verifier at each start. Picocli's classes have
/// version 49: they get stack maps and version 52. The behavior of all classes stays the same.
public final class ClassModernizer {
    private static final int FIRST_WITH_STACK_MAPS = ClassFile.JAVA_6_VERSION;
    private static final ClassTransform TRANSFORM = ClassTransform
            .transformingMethodBodies((code, element) -> code.with(element))
            .andThen((builder, element) -> {
                if (element instanceof ClassFileVersion) {
                    builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
                } else {
                    builder.with(element);
                }
            });

    private record Jar(Path file, Map<String, byte[]> contents) { }

    private ClassModernizer() {}

    /// @param files jars, rewritten in place if anything changes; the classes they need are in these jars or in the JDK
    /// @throws IOException if one cannot be read or written
    public static void main(String[] files) throws IOException {
        List<Jar> jars = new ArrayList<>();
        Map<String, byte[]> all = new HashMap<>();
        for (String file : files) {
            jars.add(new Jar(Path.of(file), read(Path.of(file))));
            all.putAll(jars.getLast().contents);
        }
        ClassFile classFile = ClassFile.of(StackMapsOption.GENERATE_STACK_MAPS,
                ClassHierarchyResolverOption.of(resolver(all)));
        try {
            jars.parallelStream().filter(jar -> modernize(jar, classFile)).forEach(ClassModernizer::write);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /// Returns whether any class changed.
    private static boolean modernize(Jar jar, ClassFile classFile) {
        boolean changed = false;
        for (Map.Entry<String, byte[]> content : jar.contents.entrySet()) {
            if (content.getKey().endsWith(".class")) {
                byte[] modern = modernize(content.getValue(), classFile);
                changed |= modern != content.setValue(modern);
            }
        }
        return changed;
    }

    private static void write(Jar jar) {
        Path rewritten = Path.of(jar.file + ".new");
        try {
            try (OutputStream file = Files.newOutputStream(rewritten);
                    JarOutputStream out = new JarOutputStream(file)) {
                for (Map.Entry<String, byte[]> content : jar.contents.entrySet()) {
                    out.putNextEntry(new ZipEntry(content.getKey()));
                    out.write(content.getValue());
                }
            }
            Files.move(rewritten, jar.file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] modernize(byte[] bytes, ClassFile classFile) {
        return isOld(bytes) ? classFile.transformClass(classFile.parse(bytes), TRANSFORM)
                : CallSites.writeOut(classFile, bytes);
    }

    private static Map<String, byte[]> read(Path jar) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (JarEntry entry : file.stream().toList()) {
                try (InputStream in = file.getInputStream(entry)) {
                    contents.put(entry.getName(), in.readAllBytes());
                }
            }
        }
        return contents;
    }

    /// Finds superclasses in the jars and in the JDK, since a stack map names the common superclass of two types.
    private static ClassHierarchyResolver resolver(Map<String, byte[]> contents) {
        return ClassHierarchyResolver.ofResourceParsing((ClassDesc type) -> {
            String descriptor = type.descriptorString();
            byte[] bytes = contents.get(descriptor.substring(1, descriptor.length() - 1) + ".class");
            return bytes == null ? null : new ByteArrayInputStream(bytes);
        }).orElse(ClassHierarchyResolver.defaultResolver());
    }

    /// Bytes 6 and 7 are the major version.
    private static boolean isOld(byte[] bytes) {
        return ((bytes[6] & 0xff) << 8 | bytes[7] & 0xff) < FIRST_WITH_STACK_MAPS;
    }
}
