-- SPDX-License-Identifier: MIT
-- Rows one after the other with the same keys, which one statement can take.

local function same_keys(a, b)
  for key in pairs(a) do
    if b[key] == nil then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Parts a list of tables into runs with the same keys, in order.
---@param rows table[]
---@return table[][]
return function(rows)
  local runs = {}
  for _, row in ipairs(rows) do
    local run = runs[#runs]
    if run and same_keys(run[1], row) then
      run[#run + 1] = row
    else
      runs[#runs + 1] = {row}
    end
  end
  return runs
end
