# How harker's targets are made: dependencies, the rooted include folder, components, and the CPU kernels of each instruction set.

# What files are compiled with beside their component's options. A file may be named more than once.
function(harker_options options)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS ${options})
endfunction()

# Header-only dependencies must not leak into the export, so their include folders are taken, not their targets.
function(harker_take_include target variable)
  get_target_property(dirs ${target} INTERFACE_INCLUDE_DIRECTORIES)
  set(${variable} ${dirs} PARENT_SCOPE)
endfunction()

macro(harker_find_dependencies)
  # For harker::linalg; the peer of benchmarks, and of one test. Unversioned on purpose: Eigen 5's version file rejects a
  # request for 3.4.
  set(HARKER_EIGEN_INCLUDE)
  if(HARKER_LINALG OR HARKER_BUILD_TESTS OR HARKER_BUILD_BENCH)
    find_package(Eigen3 QUIET NO_MODULE)
    if(Eigen3_FOUND AND NOT Eigen3_VERSION VERSION_LESS 3.4)
      harker_take_include(Eigen3::Eigen HARKER_EIGEN_INCLUDE)
    elseif(HARKER_LINALG STREQUAL "AUTO" AND NOT HARKER_BUILD_TESTS AND NOT HARKER_BUILD_BENCH)
      message(STATUS "harker::linalg is left out: Eigen 3.4 or newer (libeigen3-dev) was not found")
    else()
      message(FATAL_ERROR "Eigen 3.4 or newer (libeigen3-dev) is needed, found '${Eigen3_VERSION}'. Without it: "
        "-DHARKER_LINALG=OFF -DHARKER_BUILD_TESTS=OFF -DHARKER_BUILD_BENCH=OFF")
    endif()
  endif()
  find_package(cereal REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(HARKER_DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
  find_path(HARKER_PROTOZERO_INCLUDE protozero/pbf_reader.hpp REQUIRED)
  harker_take_include(cereal::cereal HARKER_CEREAL_INCLUDE)
  harker_take_include(nlohmann_json::nlohmann_json HARKER_JSON_INCLUDE)
  if(HARKER_BUILD_CLI OR HARKER_BUILD_EXAMPLES)
    find_path(HARKER_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
  endif()
  find_package(Threads REQUIRED)

  add_library(harker_warnings INTERFACE)
  target_compile_options(harker_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${HARKER_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(harker_warnings INTERFACE -Wno-restrict)  # false alarms inside std::string (GCC bug 105651)
  endif()
  set(HARKER_SANITIZERS "")
  if(HARKER_SANITIZE STREQUAL "thread")
    set(HARKER_SANITIZERS thread)
  elseif(HARKER_SANITIZE)
    set(HARKER_SANITIZERS address,undefined)
  endif()
  if(HARKER_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      message(FATAL_ERROR "HARKER_FUZZ: libFuzzer comes with clang; configure with -DCMAKE_CXX_COMPILER=clang++")
    endif()
    set(HARKER_SANITIZERS address,undefined)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
  if(HARKER_SANITIZERS)
    add_compile_options(-fsanitize=${HARKER_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HARKER_SANITIZERS})
    add_compile_definitions(HARKER_NO_POOL)  # free lists would hide a use after free
  endif()
endmacro()

# Includes are always rooted, <harker/core/tensor.h>: the build tree has links to the folders.
function(harker_link_headers)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/include/harker)
  foreach(folder core nn optim serialize)
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${folder} ${CMAKE_CURRENT_BINARY_DIR}/include/harker/${folder} SYMBOLIC)
  endforeach()
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/core/interop ${CMAKE_CURRENT_BINARY_DIR}/include/harker/interop SYMBOLIC)
  configure_file(cmake/version.h.in include/harker/version.h @ONLY)
  configure_file(cmake/harker.h.in include/harker/harker.h @ONLY)
endfunction()

# harker_component(NAME SOURCES ... [PUBLIC components] [PRIVATE targets])
function(harker_component name)
  cmake_parse_arguments(A "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(harker_${name} ${A_SOURCES})
  add_library(harker::${name} ALIAS harker_${name})
  set_target_properties(harker_${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME harker-${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    INSTALL_RPATH "$ORIGIN" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  target_compile_features(harker_${name} PUBLIC cxx_std_20)
  if(HARKER_HIDDEN)
    target_compile_definitions(harker_${name} PUBLIC HARKER_HIDDEN)  # what the user's files instantiate is then theirs too
  endif()
  target_include_directories(harker_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # A program that links the static library with -Wl,--gc-sections leaves out what it does not use.
  target_compile_options(harker_${name} PRIVATE -ffunction-sections -fdata-sections $<$<BOOL:${HARKER_NATIVE}>:-march=native>
    $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)  # exported functions may be inlined within their own file
  if(HARKER_PCH)  # a third of the compiler's time; for the tests it was measured to save none
    target_precompile_headers(harker_${name} PRIVATE <harker/core/autograd/record/op.h> <harker/core/ops/ops.h> <harker/core/base/text.h>
      <harker/core/value.h> <algorithm> <cmath> <cstring>)
  endif()
  target_link_options(harker_${name} PRIVATE LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)
  set_target_properties(harker_${name} PROPERTIES LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)
  list(TRANSFORM A_PUBLIC PREPEND harker_)
  target_link_libraries(harker_${name} PUBLIC ${A_PUBLIC} PRIVATE $<BUILD_INTERFACE:harker_warnings> ${A_PRIVATE})
endfunction()

# The CPU kernels. core/backend/cpu/portable/*.cpp: compiled once. core/backend/cpu/kernels/*.cpp: compiled for each of
# HARKER_CPU_SETS, but for AVX-512 only what gains by its longer vectors. Each set is in a namespace of its own.
# Threads are in core/base/parallel.cpp alone.
function(harker_kernels name)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/core/backend/cpu)
  file(GLOB portable CONFIGURE_DEPENDS ${folder}/portable/*.cpp)
  file(GLOB baseline CONFIGURE_DEPENDS ${folder}/kernels/*.cpp)
  set(avx2 ${baseline})
  set(avx512 ${folder}/kernels/optimizer.cpp)
  set(flags_avx2 -mavx2 -mfma -mf16c)
  set(flags_avx512 -mavx512f -mavx512dq -mavx512vl -mavx512bw ${flags_avx2} -DHARKER_AVX512)
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("#ifndef __x86_64__\n#error other\n#endif\nint main() {}" HARKER_X86_64)
  set(unknown ${HARKER_CPU_SETS})
  list(REMOVE_ITEM unknown baseline avx2 avx512)
  set(sets)
  foreach(isa baseline avx2 avx512)
    if(isa IN_LIST HARKER_CPU_SETS)
      list(APPEND sets ${isa})
    endif()
  endforeach()
  if(unknown OR NOT sets OR ("avx512" IN_LIST sets AND NOT "avx2" IN_LIST sets))
    message(FATAL_ERROR "HARKER_CPU_SETS: '${HARKER_CPU_SETS}' is to name some of baseline, avx2 and avx512, which needs avx2")
  endif()
  if(NOT HARKER_X86_64)
    set(sets baseline)
  endif()
  set(optimize -O3)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # copies of loops and functions: half as much code again, and no gain
    list(APPEND optimize -fno-unswitch-loops -fno-version-loops-for-strides -fno-ipa-cp-clone)
  endif()
  if(HARKER_FUZZ)
    set(optimize -O0 -fno-sanitize=all)
  elseif(HARKER_SANITIZE)
    set(optimize -O1)  # a third of the compiler's time
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND "avx2" IN_LIST sets)
    # Baseline, beside AVX2, is for emulators and small processors: its functions may take longer, its products, sums and
    # optimizers not much. -O2 makes vectors of loops as -O3 does, but not copies of what is left over of each.
    set(is_baseline $<STREQUAL:$<TARGET_PROPERTY:NAME>,harker_kernels_baseline>)
    foreach(kernel IN ITEMS add_rows binary_math mean_square normalize reduce softmax)
      harker_options("$<${is_baseline}:-O2>;$<${is_baseline}:-fvect-cost-model=dynamic>" ${folder}/kernels/${kernel}.cpp)
    endforeach()
    foreach(kernel IN ITEMS elementwise losses moves recurrence unary_math)
      harker_options($<${is_baseline}:-Os> ${folder}/kernels/${kernel}.cpp)
    endforeach()
  endif()
  harker_options(-ffp-contract=off ${folder}/kernels/random.cpp)  # PyTorch's bits
  foreach(isa IN ITEMS portable LISTS sets)
    add_library(harker_kernels_${isa} OBJECT ${${isa}})
    target_compile_features(harker_kernels_${isa} PRIVATE cxx_std_20)
    target_include_directories(harker_kernels_${isa} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/include)
    target_compile_definitions(harker_kernels_${isa} PRIVATE HARKER_ISA=${isa} $<$<BOOL:${HARKER_HIDDEN}>:HARKER_HIDDEN>)
    target_compile_options(harker_kernels_${isa} PRIVATE ${optimize} -fno-math-errno -ffunction-sections -fdata-sections ${flags_${isa}})
    set_target_properties(harker_kernels_${isa} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_link_libraries(harker_kernels_${isa} PRIVATE harker_warnings)
    target_sources(harker_${name} PRIVATE $<TARGET_OBJECTS:harker_kernels_${isa}>)
  endforeach()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # of the small products alone: half a percent of a small network's step
    harker_options($<$<STREQUAL:$<TARGET_PROPERTY:NAME>,harker_kernels_avx2>:-fversion-loops-for-strides> ${folder}/kernels/gemm.cpp)
  endif()
  list(TRANSFORM sets TOUPPER)
  list(TRANSFORM sets PREPEND HARKER_CPU_)
  set_source_files_properties(${folder}/pick.cpp PROPERTIES COMPILE_DEFINITIONS "${sets}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # two copies of harker in one process have each their own pointers to kernels
    harker_options("-fno-gnu-unique;$<$<CONFIG:Release>:-Os>" ${folder}/pick.cpp)
  endif()
  if(TARGET harker_kernels_avx512 AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 warns inside its own AVX-512 intrinsics.
    target_compile_options(harker_kernels_avx512 PRIVATE -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
endfunction()
