package dev.penstock.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A record class and what its components mean.
 *
 * @param path empty at the root
 * @param members by name, in the order of the components
 */
record Section(String path, String about, Class<? extends Record> type, Map<String, Member> members)
        implements Member {

    /**
     * Describes a record.
     *
     * @param defaults holds the defaults; null within a list, where there are none
     * @throws IllegalArgumentException when a component has no {@link Key} or a type that cannot be
     *     read
     */
    static Section of(
            String path, String about, Class<? extends Record> type, @Nullable Record defaults) {
        Map<String, Member> members = new LinkedHashMap<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = kebab(component.getName());
            String memberPath = path.isEmpty() ? name : path + "." + name;
            Object value = defaults == null ? null : valueOf(component, defaults);
            members.put(name, member(memberPath, component, value, defaults == null));
        }
        return new Section(path, about, type, members);
    }

    private static Member member(
            String path, RecordComponent component, @Nullable Object value, boolean isInList) {
        Key key = component.getAnnotation(Key.class);
        if (key == null) {
            throw new IllegalArgumentException(component + " has no @Key");
        }
        if (component.getType().isRecord() && value instanceof Record record) {
            ScalarType scalar = ScalarType.of(component.getType(), null);
            if (scalar == null) {
                return of(path, key.value(), record.getClass(), record);
            }
        }
        ValueType type = type(path, component);
        boolean mayBeMissing = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
        if (!isInList && value == null && !mayBeMissing) {
            throw new IllegalArgumentException(path + " has no default and is not @Nullable");
        }
        return new ConfigKey(path, key, type, isInList && !mayBeMissing, value);
    }

    private static ValueType type(String path, RecordComponent component) {
        Between between = component.getAnnotation(Between.class);
        if (component.getType() == List.class) {
            return new ValueType.Listed(item(path, argument(component, 0), between));
        }
        if (component.getType() == Map.class) {
            ScalarType value = ScalarType.of((Class<?>) argument(component, 1), between);
            if (value == null || argument(component, 0) != String.class) {
                throw new IllegalArgumentException(component + " is not a map of names to values");
            }
            return new ValueType.Mapped(value);
        }
        ScalarType scalar = ScalarType.of(component.getType(), between);
        if (scalar == null) {
            throw new IllegalArgumentException(component + " has a type that cannot be read");
        }
        return scalar;
    }

    private static ValueType item(String path, Type item, @Nullable Between between) {
        Class<?> type = (Class<?>) item;
        ScalarType scalar = ScalarType.of(type, between);
        if (scalar != null) {
            return scalar;
        }
        return new ValueType.Block(of(path, "", type.asSubclass(Record.class), null));
    }

    private static Type argument(RecordComponent component, int index) {
        return ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[index];
    }

    /** {@code maxBodyBytes} to {@code max-body-bytes}. */
    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static @Nullable Object valueOf(RecordComponent component, Object record) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The value of a member in a record of this type. */
    @Nullable Object read(String name, Object record) {
        for (RecordComponent component : type.getRecordComponents()) {
            if (kebab(component.getName()).equals(name)) {
                return valueOf(component, record);
            }
        }
        throw new IllegalArgumentException(name);
    }

    /**
     * A record of the values.
     *
     * @param values in the order of the members
     * @throws IllegalArgumentException what the record's constructor refuses
     */
    Record build(@Nullable Object[] values) {
        Class<?>[] types =
                Arrays.stream(type.getRecordComponents())
                        .map(RecordComponent::getType)
                        .toArray(Class<?>[]::new);
        try {
            Constructor<? extends Record> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                throw refused;
            }
            throw new IllegalStateException("constructor of " + type, e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Every setting below, in order. */
    List<ConfigKey> keys() {
        List<ConfigKey> keys = new ArrayList<>();
        for (Member member : members.values()) {
            switch (member) {
                case ConfigKey key -> keys.add(key);
                case Section section -> keys.addAll(section.keys());
            }
        }
        return keys;
    }
}
