# Turns text files into a C++ source that defines one std::string_view each.
#   cmake -DOUT=page_sources.cc -DHEADER=path/page_sources.h -DNAMESPACE=a::b -DFILES=kStyle=report.css;... -P embed_files.cmake
file(WRITE ${OUT}.new "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n")
set(definitions "")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([^=]+)=(.*)$" parts "${entry}")
  set(name ${CMAKE_MATCH_1})
  set(path ${CMAKE_MATCH_2})
  file(READ "${path}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," numbers "${hex}")
  file(APPEND ${OUT}.new "const unsigned char ${name}Bytes[] = {${numbers}0};\n")
  string(APPEND definitions
         "const std::string_view ${name}(reinterpret_cast<const char*>(${name}Bytes), ${bytes});\n")
endforeach()
file(APPEND ${OUT}.new "}  // namespace\n\n${definitions}\n}  // namespace ${NAMESPACE}\n")
file(RENAME ${OUT}.new ${OUT})
